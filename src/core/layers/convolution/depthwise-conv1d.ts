import { kinds, words } from '../../../kernels/program-layout.ts';
import type { StreamContext } from '../layer.ts';
import type { MemoryRange, ParameterGradients } from '../parameter-gradients.ts';
import type { SteppedLayer } from '../step-program.ts';
import { WindowLayer } from '../window-layer.ts';
import { DepthwiseGradient } from './depthwise-gradient.ts';
import type { Conv1dShape } from './packed-kernels.ts';

/**
 * Convolution of a stream with one or more kernels per channel. Windows are read in place: four neighboring channels of
 * the delay line are next to each other, at every tap.
 */
export class DepthwiseConv1d extends WindowLayer implements SteppedLayer {
  override readonly trained: readonly ParameterGradients[];
  readonly canStep: boolean;
  readonly #weight: number;
  /** Offset of the bias, 0 if there is none. */
  readonly #bias: number;
  readonly #taps: number;
  readonly #channels: number;
  /** Kernels per channel. */
  readonly #multiplier: number;
  /** Distances between consecutive windows and between taps, in numbers. */
  readonly #step: number;
  readonly #tapStep: number;
  /** Whether ∂L/∂x is not needed. */
  readonly #skipInputGradient: boolean;

  constructor(shape: Conv1dShape, values: readonly MemoryRange[], context: StreamContext) {
    const { inChannels, outChannels, kernelSize, stride, dilation } = shape;
    super(shape, [inChannels, outChannels], context);
    this.#weight = values[0].at;
    this.#bias = values.length > 1 ? values[1].at : 0;
    this.#taps = kernelSize;
    this.#channels = inChannels;
    this.#multiplier = outChannels / inChannels;
    this.#step = stride * inChannels;
    this.#tapStep = dilation * inChannels;
    this.#skipInputGradient = context.skipInputGradient;
    this.canStep = !context.gradients || this.canStepWithGradients;
    this.trained = context.gradients ? [new DepthwiseGradient(context, values, shape)] : [];
  }

  protected override forward(x: number, count: number, y: number): void {
    const { kernels } = this.engine;
    const [weight, bias] = [this.#weight, this.#bias];
    const [channels, multiplier] = [this.#channels, this.#multiplier];
    kernels.depthwise(x, this.#step, count, this.#taps, this.#tapStep, weight, bias, channels, multiplier, y);
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const [taps, tapStep, step] = [this.#taps, this.#tapStep, this.#step];
    const [channels, multiplier] = [this.#channels, this.#multiplier];
    const outputs = channels * multiplier;
    const [sums] = this.trained;
    const { kernels } = this.engine;
    const x = this.windowAt(first);
    kernels.depthwiseWeightGradient(x, step, count, g, taps, tapStep, channels, multiplier, sums.gradient(0));
    if (!this.#skipInputGradient)
      kernels.depthwiseInputGradient(g, count, this.#weight, taps, tapStep, channels, multiplier, dx, step);
    if (this.#bias) kernels.biasGradient(g, outputs, count, outputs, sums.gradient(1));
    for (let n = 0; n < count; n++) {
      if (!sums.hasGradient(g + n * outputs, outputs)) continue;
      sums.energy = kernels.depthwiseEnergy(x + n * step, taps, tapStep, channels, sums.energy);
      if (this.#bias) sums.energy += 1;
    }
    sums.markDirty();
  }

  writeProgram(layer: Int32Array): boolean {
    if (!this.writeWindows(layer)) return false;
    layer[words.kind] = kinds.depthwise;
    layer[words.w] = this.#weight;
    layer[words.b] = this.#bias;
    layer[words.length] = this.#taps;
    layer[words.tapStep] = this.#tapStep;
    layer[words.blind] = Number(this.#skipInputGradient);
    if (this.gradientLine) this.trained[0].attachSums(layer);
    return true;
  }

  readProgram(layer: Int32Array, frames: number, outputs: number): void {
    this.readWindows(layer, frames, outputs);
    if (this.gradientLine) this.trained[0].detachSums();
  }
}
