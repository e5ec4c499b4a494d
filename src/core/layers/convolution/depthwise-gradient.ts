import type { StreamContext } from '../layer.ts';
import { ParameterGradients, type MemoryRange } from '../parameter-gradients.ts';
import { packedGroupSize, type Conv1dShape } from './packed-kernels.ts';

/** The gradients of depthwise kernels. Optimizers add in the same order as over kernels packed group by group. */
export class DepthwiseGradient extends ParameterGradients {
  readonly #taps: number;
  readonly #channels: number;
  readonly #multiplier: number;

  constructor({ engine, allocation }: StreamContext, values: readonly MemoryRange[], shape: Conv1dShape) {
    super(engine, allocation, values);
    this.#taps = shape.kernelSize;
    this.#channels = shape.inChannels;
    this.#multiplier = shape.outChannels / shape.inChannels;
  }

  override dot(i: number, a: number, b: number): number {
    if (i > 0) return super.dot(i, a, b);
    return this.engine.kernels.depthwiseDot(a, b, this.#taps, this.#channels, this.#multiplier);
  }

  protected override traceSize(i: number): number {
    return i > 0 ? super.traceSize(i) : this.#channels * packedGroupSize(this.#multiplier, this.#taps);
  }
}
