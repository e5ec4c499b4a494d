import type { Conv1dShape } from './packed-kernels.ts';
import { kinds, words } from '../../../kernels/program-layout.ts';
import { ConvGradient, maxPendingOutputs, type WindowLayout } from './conv-gradient.ts';
import { EarlySums } from './early-sums.ts';
import type { StreamContext } from '../layer.ts';
import { type ParameterGradients, type MemoryRange } from '../parameter-gradients.ts';
import type { SteppedLayer } from '../step-program.ts';
import { WindowLayer } from '../window-layer.ts';

/**
 * Convolution of a stream: equations (2), (4), and (5) for windows that are contiguous in the delay line and are read in
 * place. The weights belong to the network and are read for every output, so a change takes effect with the next output.
 */
export class Conv1d extends WindowLayer implements SteppedLayer {
  override readonly trained: readonly ParameterGradients[];
  readonly canStep: boolean;
  readonly #weight: number;
  /** Offset of the bias, 0 if there is none. */
  readonly #bias: number;
  readonly #outputs: number;
  /** Numbers per window, K·C, and the distance between consecutive windows, S·C. */
  readonly #length: number;
  readonly #step: number;
  readonly #gradient: ConvGradient | null;
  /** Whether ∂L/∂x is not needed. */
  readonly #skipInputGradient: boolean;
  readonly #early: EarlySums | null;

  constructor(shape: Conv1dShape, values: readonly MemoryRange[], context: StreamContext) {
    const { inChannels, outChannels, kernelSize, stride } = shape;
    super(shape, [inChannels, outChannels], context);
    this.#weight = values[0].at;
    this.#bias = values.length > 1 ? values[1].at : 0;
    this.#outputs = outChannels;
    this.#length = kernelSize * inChannels;
    this.#step = stride * inChannels;
    this.#skipInputGradient = context.skipInputGradient;
    this.#gradient = context.gradients ? new ConvGradient(context, values, this.#windowLayout()) : null;
    this.trained = this.#gradient ? [this.#gradient] : [];
    this.canStep = !context.gradients || this.canStepWithGradients;
    this.#early = context.eager ? new EarlySums(context, values, this.#length, outChannels) : null;
  }

  /** Computes the part of the next output's sums that depends on frames received so far. */
  prepare(): void {
    this.#early?.add(this.nextOutput, this.windowAt(this.nextOutput), this.framesInWindow * this.line.channels);
  }

  protected override forward(x: number, count: number, y: number, first: number): void {
    const outputs = this.#outputs;
    const { kernels } = this.engine;
    // early sums exist for one output at most
    const early = this.#early?.finish(first, x, y) ? 1 : 0;
    const [from, to] = [x + early * this.#step, y + early * outputs];
    if (count > early)
      kernels.convolve(from, this.#step, count - early, this.#weight, this.#bias, this.#length, outputs, to, outputs);
  }

  /** Computes the oldest output without a gradient again, with the current weights, at `y`. */
  recompute(y: number): void {
    const outputs = this.#outputs;
    const x = this.#gradient!.oldestWindow(super.oldestPending());
    this.engine.kernels.convolve(x, this.#step, 1, this.#weight, this.#bias, this.#length, outputs, y, outputs);
  }

  protected override accumulate(first: number, count: number, g: number, dx: number): void {
    const outputs = this.#outputs;
    const { kernels } = this.engine;
    if (!this.#skipInputGradient)
      kernels.inputGradient(g, outputs, count, this.#weight, this.#length, outputs, dx, this.#step);
    this.#gradient!.defer(first, count, g);
  }

  writeProgram(layer: Int32Array): boolean {
    if (!this.writeWindows(layer)) return false;
    layer[words.kind] = kinds.dense;
    layer[words.w] = this.#weight;
    layer[words.b] = this.#bias;
    layer[words.length] = this.#length;
    layer[words.blind] = Number(this.#skipInputGradient);
    this.#gradient?.attach(layer, super.oldestPending());
    return true;
  }

  readProgram(layer: Int32Array, frames: number, outputs: number): void {
    this.readWindows(layer, frames, outputs);
    this.#gradient?.detach(this.outputAt(layer[words.pendingWindow]));
  }

  addPending(): void {
    this.#gradient?.addPending();
  }

  override advanceIndexes(frames: number): number {
    // pending outputs identify their windows by index
    this.#gradient?.addPending();
    return super.advanceIndexes(frames);
  }

  #windowLayout(): WindowLayout {
    const windowAt = (output: number) => this.windowAt(output);
    return {
      length: this.#length,
      step: this.#step,
      outputs: this.#outputs,
      channels: this.line.channels,
      windowAt,
    };
  }

  protected override oldestPending(): number {
    const gradient = this.#gradient!;
    const learned = super.oldestPending();
    // gradients that have been pending for long must not prevent the line from discarding frames
    if (learned - gradient.oldestPending > maxPendingOutputs) gradient.addPending();
    return Math.min(learned, gradient.oldestPending);
  }
}
