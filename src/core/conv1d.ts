import { words } from '../kernels/program.ts';
import { ConvGradient, mostOwed, type OwedShape } from './conv-gradient.ts';
import { EarlySums } from './early-sums.ts';
import type { StreamContext } from './layer.ts';
import { packedGroup } from './packed-kernels.ts';
import { Trained, type Part } from './trained.ts';
import type { SteppedLayer } from './step-program.ts';
import { WindowLayer } from './window-layer.ts';
import type { Windowing } from './windowing.ts';

export interface Conv1dShape extends Windowing {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/**
 * Convolution of many channels with many kernels, as a stream: equations (2), (4) and (5), where a window is one run of
 * the delay line and is read in place. The weights are the network's, read at every output: whoever changes them changes
 * the next output.
 */
export class Conv1d extends WindowLayer implements SteppedLayer {
  override readonly trained: readonly Trained[];
  readonly #weight: number;
  /** 0 = none. */
  readonly #bias: number;
  readonly #outputs: number;
  /** Numbers of a window, K·C, and from one window to the next, S·C. */
  readonly #length: number;
  readonly #step: number;
  readonly #gradient: ConvGradient | null;
  /** Whether ∂L/∂x is nobody's. */
  readonly #blind: boolean;
  readonly #early: EarlySums | null;

  constructor(shape: Conv1dShape, values: readonly Part[], context: StreamContext) {
    const { inChannels, outChannels, kernelSize, stride } = shape;
    super(shape, [inChannels, outChannels], context);
    this.#weight = values[0].at;
    this.#bias = values.length > 1 ? values[1].at : 0;
    this.#outputs = outChannels;
    this.#length = kernelSize * inChannels;
    this.#step = stride * inChannels;
    this.#blind = context.blind;
    this.#gradient = context.gradients ? new ConvGradient(context, values, this.#owed()) : null;
    this.trained = this.#gradient ? [this.#gradient] : [];
    this.#early = context.eager ? new EarlySums(context, values, this.#length, outChannels) : null;
  }

  /** Sums up what has come of the next output's window. */
  prepare(): void {
    this.#early?.add(this.nextOutput, this.windowAt(this.nextOutput), this.framesHeld * this.line.channels);
  }

  protected override forward(x: number, count: number, y: number, first: number): void {
    const outputs = this.#outputs;
    const { kernels } = this.engine;
    // what was summed up early is one output's
    const early = this.#early?.finish(first, x, y) ? 1 : 0;
    const [from, to] = [x + early * this.#step, y + early * outputs];
    if (count > early)
      kernels.convolve(from, this.#step, count - early, this.#weight, this.#bias, this.#length, outputs, to, outputs);
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const outputs = this.#outputs;
    const { kernels } = this.engine;
    if (!this.#blind) kernels.inputGradient(g, outputs, count, this.#weight, this.#length, outputs, dx, this.#step);
    this.#gradient!.owe(first, count, g);
  }

  enter(layer: Int32Array): boolean {
    if (!this.isSettled) return false;
    const { at, capacity, filled } = this.line.layout;
    const { stride, receptiveField } = this.windowing;
    layer[words.kind] = 0;
    layer[words.line] = at;
    layer[words.capacity] = capacity;
    layer[words.filled] = filled;
    layer[words.window] = this.nextWindow;
    layer[words.channels] = this.line.channels;
    layer[words.reach] = receptiveField;
    layer[words.stride] = stride;
    layer[words.w] = this.#weight;
    layer[words.b] = this.#bias;
    layer[words.length] = this.#length;
    layer[words.outputs] = this.#outputs;
    return true;
  }

  leave(layer: Int32Array, frames: number, outputs: number): void {
    this.line.resume(frames, layer[words.filled]);
    this.advance(frames, outputs);
  }

  override shift(frames: number): number {
    // what is owed names its windows by index
    this.#gradient?.settle();
    return super.shift(frames);
  }

  #owed(): OwedShape {
    const windowAt = (output: number) => this.windowAt(output);
    return { length: this.#length, step: this.#step, outputs: this.#outputs, windowAt };
  }

  protected override oldestOwed(): number {
    const gradient = this.#gradient!;
    const learned = super.oldestOwed();
    // what was owed long ago must not keep the line from moving on
    if (learned - gradient.oldest > mostOwed) gradient.settle();
    return Math.min(learned, gradient.oldest);
  }
}

/**
 * The same for windows that are several runs of the line, with dilation or in groups: the runs of each window are gathered
 * first, so that one inner loop, and one order of summation, serves all shapes.
 */
export class GatheredConv1d extends WindowLayer {
  override readonly trained: readonly Trained[];
  readonly #shape: Conv1dShape;
  readonly #values: readonly Part[];
  /** Channels in and out of one group, and numbers of its window. */
  readonly #width: number;
  readonly #kernels: number;
  readonly #length: number;
  readonly #step: number;
  /** Numbers from one tap to the next. */
  readonly #tapStep: number;
  /** Numbers of one group's weights. */
  readonly #group: number;

  constructor(shape: Conv1dShape, values: readonly Part[], context: StreamContext) {
    const { inChannels, outChannels, kernelSize, stride, dilation, groups } = shape;
    super(shape, [inChannels, outChannels], context);
    this.#shape = shape;
    this.#values = values;
    this.#width = inChannels / groups;
    this.#kernels = outChannels / groups;
    this.#length = kernelSize * this.#width;
    this.#step = stride * inChannels;
    this.#tapStep = dilation * inChannels;
    this.#group = packedGroup(this.#kernels, this.#length);
    this.trained = context.gradients ? [new Trained(context.engine, context.lease, values)] : [];
  }

  protected override forward(x: number, count: number, y: number): void {
    const { groups, outChannels } = this.#shape;
    const [weight, bias] = this.#values as readonly (Part | undefined)[];
    const length = this.#length;
    const { kernels, scratch } = this.engine;
    const windows = scratch.numbers(count * length);
    for (let group = 0; group < groups; group++) {
      const first = group * this.#kernels;
      const w = weight!.at + group * this.#group;
      this.#gather(x, count, group, windows);
      const b = bias ? bias.at + first : 0;
      kernels.convolve(windows, length, count, w, b, length, this.#kernels, y + first, outChannels);
    }
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const { groups, outChannels, kernelSize } = this.#shape;
    const length = this.#length;
    const [sums] = this.trained;
    const { kernels, scratch } = this.engine;
    const x = this.windowAt(first);
    const windows = scratch.numbers(count * length);
    const gradient = scratch.numbers(length);
    for (let group = 0; group < groups; group++) {
      const [own, at] = [this.#kernels, group * this.#group];
      const slopes = g + group * own;
      this.#gather(x, count, group, windows);
      kernels.weightGradient(windows, length, count, slopes, outChannels, length, own, sums.gradient(0) + at);
      // windows overlap, so the rows that they look at are added to one after the other
      for (let n = 0; n < count; n++) {
        const run = dx + n * this.#step + group * this.#width;
        kernels.gather(run, 0, 1, kernelSize, this.#tapStep, this.#width, gradient);
        const w = this.#values[0].at + at;
        kernels.inputGradient(slopes + n * outChannels, 0, 1, w, length, own, gradient, 0);
        kernels.scatter(gradient, kernelSize, this.#tapStep, this.#width, run);
      }
    }
    if (this.#values.length > 1) kernels.biasGradient(g, outChannels, count, outChannels, sums.gradient(1));
    this.#addEnergy(x, count, windows, g);
    sums.touch();
  }

  #addEnergy(x: number, count: number, windows: number, g: number): void {
    const { groups, outChannels } = this.#shape;
    const length = this.#length;
    const [sums] = this.trained;
    for (let n = 0; n < count; n++) {
      if (!sums.says(g + n * outChannels, outChannels)) continue;
      for (let group = 0; group < groups; group++) {
        this.#gather(x + n * this.#step, 1, group, windows);
        sums.energy += this.engine.kernels.energy(windows, length, 1, length, 0, 0) / groups;
      }
      if (this.#values.length > 1) sums.energy += 1;
    }
  }

  #gather(x: number, count: number, group: number, windows: number): void {
    const { kernelSize } = this.#shape;
    const from = x + group * this.#width;
    this.engine.kernels.gather(from, this.#step, count, kernelSize, this.#tapStep, this.#width, windows);
  }
}
