import { Conv1d } from './conv1d.ts';
import type { Conv1dShape } from './conv1d-shape.ts';
import { FftConvolution } from './fft-convolution.ts';
import type { MakeTransform } from './transform.ts';
import type { FftRule } from './fft-rule.ts';
import type { StreamContext } from '../layer.ts';
import type { MemoryRange } from '../trained.ts';

/**
 * A convolution that goes by FFT where as many outputs come at once as the rule says, and the direct way elsewhere. Kernels are
 * transformed when they are first needed; after they were changed not before they have stayed for a stretch, so that weights that
 * change with every block cost no transforms.
 */
export class FftConv1d extends Conv1d {
  readonly #fft: FftConvolution;
  readonly #minOutputs: number;
  readonly #values: readonly MemoryRange[];
  readonly #outputs: number;
  readonly #weights: StreamContext['weights'];
  /** The weights that were there last time, and those whose spectra are known. */
  #version: number;
  #transformedVersion = -1;

  constructor(
    shape: Conv1dShape,
    values: readonly MemoryRange[],
    context: StreamContext,
    { size, minOutputs: from, block }: FftRule,
    make: MakeTransform,
  ) {
    super({ ...shape, block }, values, context);
    this.#fft = new FftConvolution(context.engine, shape, size, make);
    this.#minOutputs = from;
    this.#values = values;
    this.#outputs = shape.outChannels;
    this.#weights = context.weights;
    this.#version = context.weights.version;
  }

  protected override forward(x: number, count: number, y: number, first: number): void {
    const { stride } = this.windowing;
    for (let n = 0; n < count;) {
      const some = Math.min(count - n, this.#fft.maxOutputs);
      const from = x + n * stride * this.line.channels;
      const to = y + n * this.#outputs;
      if (!this.#transform(from, some, to)) super.forward(from, some, to, first + n);
      n += some;
    }
  }

  /** Computes `count` outputs by FFT; false where that does not pay or cannot be. */
  #transform(x: number, count: number, y: number): boolean {
    if (count < this.#minOutputs) return false;
    const { version } = this.#weights;
    const stayed = version === this.#version;
    this.#version = version;
    if (!stayed) return false;
    const [weight, bias] = this.#values as readonly (MemoryRange | undefined)[];
    if (this.#transformedVersion !== version) this.#fft.setKernels(weight!.at);
    this.#transformedVersion = version;
    return this.#fft.convolve(x, count, bias?.at ?? 0, y);
  }
}
