import type { Conv1dShape } from './conv1d-shape.ts';
import { words } from '../../../kernels/program.ts';
import { ConvGradient, mostOwed, type OwedShape } from './conv-gradient.ts';
import { EarlySums } from './early-sums.ts';
import type { StreamContext } from '../layer.ts';

import type { Trained} from '../trained.ts';
import { type Part } from '../trained.ts';
import type { SteppedLayer } from '../step-program.ts';
import { WindowLayer } from '../window-layer.ts';

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
