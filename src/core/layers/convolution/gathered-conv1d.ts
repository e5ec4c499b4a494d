import { WindowLayer } from '../window-layer.ts';
import { ParameterGradients, type MemoryRange } from '../parameter-gradients.ts';
import { packedGroupSize, type Conv1dShape } from './packed-kernels.ts';
import type { StreamContext } from '../layer.ts';

/**
 * Convolution of a stream with dilation or groups, where windows are not contiguous in the line. The pieces of each
 * window are gathered first, so that one inner loop, and one order of summation, serves all shapes.
 */
export class GatheredConv1d extends WindowLayer {
  override readonly trained: readonly ParameterGradients[];
  protected readonly shape: Conv1dShape;
  protected readonly values: readonly MemoryRange[];
  /** Input channels of one group, output channels of one group, and numbers per window of one group. */
  protected readonly width: number;
  readonly #kernels: number;
  readonly #length: number;
  protected readonly step: number;
  /** Distance between taps in numbers. */
  protected readonly tapStep: number;
  /** Size of one group's weights in numbers. */
  readonly #group: number;

  constructor(shape: Conv1dShape, values: readonly MemoryRange[], context: StreamContext) {
    const { inChannels, outChannels, kernelSize, stride, dilation, groups } = shape;
    super(shape, [inChannels, outChannels], context);
    this.shape = shape;
    this.values = values;
    this.width = inChannels / groups;
    this.#kernels = outChannels / groups;
    this.#length = kernelSize * this.width;
    this.step = stride * inChannels;
    this.tapStep = dilation * inChannels;
    this.#group = packedGroupSize(this.#kernels, this.#length);
    this.trained = context.gradients ? [new ParameterGradients(context.engine, context.allocation, values)] : [];
  }

  protected override forward(x: number, count: number, y: number): void {
    const { groups, outChannels } = this.shape;
    const [weight, bias] = this.values as readonly (MemoryRange | undefined)[];
    const length = this.#length;
    const { kernels, scratch } = this.engine;
    const windows = scratch.allocate(count * length);
    for (let group = 0; group < groups; group++) {
      const first = group * this.#kernels;
      const w = weight!.at + group * this.#group;
      this.#gather(x, count, group, windows);
      const b = bias ? bias.at + first : 0;
      kernels.convolve(windows, length, count, w, b, length, this.#kernels, y + first, outChannels);
    }
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const { groups, outChannels, kernelSize } = this.shape;
    const length = this.#length;
    const [sums] = this.trained;
    const { kernels, scratch } = this.engine;
    const x = this.windowAt(first);
    const windows = scratch.allocate(count * length);
    const gradient = scratch.allocate(length);
    for (let group = 0; group < groups; group++) {
      const [own, at] = [this.#kernels, group * this.#group];
      const slopes = g + group * own;
      this.#gather(x, count, group, windows);
      kernels.weightGradient(windows, length, count, slopes, outChannels, length, own, sums.gradient(0) + at);
      // windows overlap, so their gradients are added one at a time
      for (let n = 0; n < count; n++) {
        const run = dx + n * this.step + group * this.width;
        kernels.gather(run, 0, 1, kernelSize, this.tapStep, this.width, gradient);
        const w = this.values[0].at + at;
        kernels.inputGradient(slopes + n * outChannels, 0, 1, w, length, own, gradient, 0);
        kernels.scatter(gradient, kernelSize, this.tapStep, this.width, run);
      }
    }
    if (this.values.length > 1) kernels.biasGradient(g, outChannels, count, outChannels, sums.gradient(1));
    this.#addEnergy(x, count, windows, g);
    sums.markDirty();
  }

  #addEnergy(x: number, count: number, windows: number, g: number): void {
    const { groups, outChannels } = this.shape;
    const length = this.#length;
    const [sums] = this.trained;
    for (let n = 0; n < count; n++) {
      if (!sums.hasGradient(g + n * outChannels, outChannels)) continue;
      for (let group = 0; group < groups; group++) {
        this.#gather(x + n * this.step, 1, group, windows);
        sums.energy += this.engine.kernels.energy(windows, length, 1, length, 0, 0) / groups;
      }
      if (this.values.length > 1) sums.energy += 1;
    }
  }

  #gather(x: number, count: number, group: number, windows: number): void {
    const { kernelSize } = this.shape;
    const from = x + group * this.width;
    this.engine.kernels.gather(from, this.step, count, kernelSize, this.tapStep, this.width, windows);
  }
}
