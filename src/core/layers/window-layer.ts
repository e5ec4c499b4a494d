import { WindowGradient } from './window-gradient.ts';
import { oddBias, words } from '../../kernels/program-layout.ts';

import { InputLine } from '../memory/delay-line.ts';
import type { Engine } from '../memory/engine.ts';

import { type Rows, setValid } from '../memory/rows.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { LayerStream, StreamContext } from './layer.ts';
import { padHead, padTail } from './line-padding.ts';
import type { ParameterGradients } from './parameter-gradients.ts';
import { type Windowing, windowLineCapacity } from './windowing.ts';

/**
 * A layer that reads windows from a delay line: output n is aligned with input frame nS + f and reads the taps nS + f - kD.
 *
 *     frames   0 1 2 3 4 5 6 7 8 …          K = 3, D = 1, S = 2, f = 0
 *     taps     ■                 n = 0      (two taps on padding)
 *              ■ ■ ■             n = 1
 *                  ■ ■ ■         n = 2
 *
 * Convolution and pooling differ only in what they compute from the windows. All windows in the line are processed in
 * one call: the windows of consecutive outputs begin S frames apart.
 */
export abstract class WindowLayer implements LayerStream {
  readonly trained: readonly ParameterGradients[] = [];
  protected readonly engine: Engine;
  protected readonly line: InputLine;
  protected readonly gradientLine: WindowGradient | null;
  protected readonly windowing: Windowing;
  readonly #outChannels: number;
  /** Number of outputs so far, which is also the index of the next one. */
  #outputs = 0;
  /** Number of outputs that have received their gradient, which is also the index of the next one. */
  #gradientsReceived = 0;
  /** Number of frames from the source, not counting the tail. */
  #frames = 0;
  /** Number of frames that the padding before frame 0 was computed from. */
  #headSources = 0;
  #ended = false;

  constructor(windowing: Windowing, channels: readonly [inputs: number, outputs: number], context: StreamContext) {
    const { receptiveField, padValue } = windowing;
    const { engine, allocation, gradients } = context;
    this.windowing = windowing;
    this.engine = engine;
    this.line = new InputLine(
      engine,
      allocation,
      channels[0],
      receptiveField - 1,
      padValue,
      windowLineCapacity(windowing),
    );
    this.gradientLine = gradients ? new WindowGradient(engine, allocation, channels[0], windowing) : null;
    this.#outChannels = channels[1];
  }

  /** Computes `count` outputs at offset `y`: output `first` from the window at `x`, and those after it. */
  protected abstract forward(x: number, count: number, y: number, first: number): void;

  /**
   * Adds the gradients of `count` outputs, from output `first` on, ∂L/∂y at `g`, also to the gradients of the windows
   * from `dx` on.
   */
  protected abstract accumulate(first: number, count: number, g: number, dx: number): void;

  /** The oldest output whose window must stay in the line. */
  protected oldestPending(): number {
    return this.#gradientsReceived;
  }

  /** Returns the offset of the window of output `index`, which must be in the line. */
  protected windowAt(index: number): number {
    return this.line.offset(this.#oldest(index));
  }

  push(x: Rows): Rows {
    const out = this.engine.scratch.rows(this.#outputsDue(this.#frames + x.count), this.#outChannels);
    for (let i = 0, came = 0; i < x.count;) {
      const taken = this.#append(x, i);
      this.#frames += taken;
      i += taken;
      if (this.#frames === this.windowing.wait) this.#padHead();
      // after the last frame, all remaining outputs are due
      const count = i === x.count ? out.count - came : this.#outputsDue(this.line.next);
      if (count > 0) this.#emit(out, came, count);
      came += count;
    }
    return out;
  }

  flush(): Rows {
    const { tail, wait } = this.windowing;
    const { scratch } = this.engine;
    if (this.#ended || this.#frames === 0) return scratch.rows(0, this.#outChannels);
    this.#ended = true;
    if (this.#frames < wait) this.#padHead();
    const padding = scratch.rows(tail, this.line.channels);
    padTail(this.engine.arena, this.line, this.windowing, padding.at);
    for (let i = 0; i < tail; i++) setValid(padding, i, 0);
    const out = scratch.rows(this.#outputsDue(this.line.next + tail), this.#outChannels);
    for (let i = 0, came = 0; came < out.count;) {
      const count = this.#outputsDue(this.line.next);
      if (count > 0) this.#emit(out, came, count);
      came += count;
      if (i < tail) i += this.#append(padding, i);
    }
    return out;
  }

  backward(g: Rows): Rows {
    const line = this.gradientLine!;
    line.open(this.line.next, this.#oldest(this.#gradientsReceived));
    for (let i = 0; i < g.count;) {
      const count = this.#finiteRun(g.count - i);
      if (count > 0)
        this.accumulate(
          this.#gradientsReceived,
          count,
          g.at + i * g.channels,
          line.offset(this.#oldest(this.#gradientsReceived)),
        );
      this.#gradientsReceived += Math.max(1, count);
      i += Math.max(1, count);
    }
    return line.removeFinal(
      this.#oldest(this.#gradientsReceived),
      this.#frames,
      this.#headSources,
      this.windowing.heldGradients,
    );
  }

  truncateGradient(): Rows {
    const { stride, anchor } = this.windowing;
    const line = this.gradientLine!;
    line.open(this.line.next, this.#oldest(this.#gradientsReceived));
    return line.removeFinal(
      this.#gradientsReceived === 0 ? 0 : (this.#gradientsReceived - 1) * stride + anchor + 1,
      this.#frames,
      this.#headSources,
      0,
    );
  }

  flushGradient(): Rows {
    const line = this.gradientLine!;
    line.open(this.line.next, this.#oldest(this.#gradientsReceived));
    this.#gradientsReceived = this.#outputs;
    return line.removeFinal(Infinity, this.#frames, this.#headSources, this.windowing.heldGradients);
  }

  advanceIndexes(frames: number): number {
    const outputs = frames / this.windowing.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#gradientsReceived += outputs;
    this.line.advanceIndexes(frames);
    this.gradientLine?.advanceIndexes(frames);
    return outputs;
  }

  /** Index of the next output. */
  protected get nextOutput(): number {
    return this.#outputs;
  }

  /** Frames of the next output's window that have arrived. Padding counts once it is known. */
  protected get framesInWindow(): number {
    return this.#frames < this.windowing.wait ? 0 : Math.max(0, this.line.next - this.#oldest(this.#outputs));
  }

  /** Whether the next windows contain only valid frames from the source, and no older frames are needed. */
  get #isSettled(): boolean {
    const { wait, tailSources } = this.windowing;
    const known = this.#frames >= wait && !this.#ended && tailSources === 0;
    return known && this.line.isValidFrom(this.#oldest(this.#outputs));
  }

  /** Whether the windows without a gradient contain only finite frames from the source, and rows of ∂L/∂x leave with them. */
  get #isGradientSettled(): boolean {
    const { first } = this.gradientLine!;
    const oldest = this.#oldest(this.#gradientsReceived);
    // the gradients of copied padding frames are added to the rows of their sources
    return first === oldest && first > 0 && first >= this.#headSources && this.line.isFiniteFrom(oldest);
  }

  /** Whether a program for the kernels can run the layer, also with gradients if there are any. */
  protected get canStepWithGradients(): boolean {
    const { stride, receptiveField, heldGradients } = this.windowing;
    return stride <= receptiveField && heldGradients === 0;
  }

  /**
   * Writes the state of the delay line to a program for the `run` kernel. Returns false if the next windows include
   * padding or invalid frames.
   */
  protected writeWindows(layer: Int32Array): boolean {
    if (!this.#isSettled) return false;
    const { at, capacity, filled } = this.line.layout;
    const { stride, receptiveField } = this.windowing;
    layer[words.line] = at;
    layer[words.capacity] = capacity;
    layer[words.filled] = filled;
    layer[words.window] = this.#oldest(this.#outputs) - (this.line.next - filled);
    layer[words.channels] = this.line.channels;
    layer[words.reach] = receptiveField;
    layer[words.stride] = stride;
    layer[words.outputs] = this.#outChannels;
    return this.#writeGradients(layer);
  }

  #writeGradients(layer: Int32Array): boolean {
    const { line, gradientLine } = this;
    layer[words.learns] = Number(gradientLine !== null);
    if (!gradientLine) return true;
    if (!this.#isGradientSettled) return false;
    const { at, capacity, filled, first } = gradientLine.layout;
    layer[words.received] = this.#oldest(this.#gradientsReceived) - line.base;
    layer[words.rows] = at;
    layer[words.rowCapacity] = capacity;
    layer[words.rowsFilled] = filled;
    layer[words.firstRow] = first;
    layer[words.unopened] = line.next - gradientLine.next;
    layer[words.odd] = 0;
    return true;
  }

  /** Reads the state back after `run` has processed `frames` input frames and `outputs` outputs. */
  protected readWindows(layer: Int32Array, frames: number, outputs: number): void {
    const { line, gradientLine } = this;
    line.advance(frames, layer[words.filled]);
    this.#frames += frames;
    this.#outputs += outputs;
    if (gradientLine) {
      this.#gradientsReceived = this.outputAt(layer[words.received]);
      gradientLine.advance(line.next - layer[words.unopened], layer[words.rowsFilled], layer[words.firstRow]);
      if (layer[words.odd]) line.markNonFinite(layer[words.odd] - oddBias);
    }
  }

  /** Returns the output whose window begins at a slot of the line. */
  protected outputAt(slot: number): number {
    const { stride, anchor, receptiveField } = this.windowing;
    return (this.line.base + slot + receptiveField - 1 - anchor) / stride;
  }

  save(): State {
    return {
      outputs: this.#outputs,
      learned: this.#gradientsReceived,
      frames: this.#frames,
      known: this.#headSources,
      ended: Number(this.#ended),
      line: this.line.save(this.#oldestNeeded()),
      ...(this.gradientLine && { gradientLine: this.gradientLine.save(this.#oldest(this.#gradientsReceived)) }),
    };
  }

  restore(state: State): void {
    this.#outputs = numberIn(state, 'outputs');
    this.#gradientsReceived = numberIn(state, 'learned');
    this.#frames = numberIn(state, 'frames');
    this.#headSources = numberIn(state, 'known');
    this.#ended = numberIn(state, 'ended') === 1;
    this.line.restore(stateIn(state, 'line'));
    this.gradientLine?.restore(stateIn(state, 'gradientLine'));
  }

  #oldest(output: number): number {
    const { stride, anchor, receptiveField } = this.windowing;
    return output * stride + anchor - (receptiveField - 1);
  }

  /** Returns how many more outputs are due when the next frame of the line is `next`. */
  #outputsDue(next: number): number {
    const { wait, stride, anchor } = this.windowing;
    if (next < wait && !this.#ended) return 0;
    const ahead = next - 1 - (this.#outputs * stride + anchor);
    if (ahead < 0) return 0;
    return ahead < stride ? 1 : Math.floor(ahead / stride) + 1;
  }

  /** Returns the oldest frame that is still needed. */
  #oldestNeeded(): number {
    const { wait, receptiveField, tailSources } = this.windowing;
    if (wait === Infinity) return 1 - receptiveField;
    const outputs = this.gradientLine ? Math.min(this.#outputs, this.oldestPending()) : this.#outputs;
    return Math.min(this.#oldest(outputs), this.line.next - tailSources);
  }

  /** Appends rows of `x` from row `from` on: as many as fit, or until the padding is known. Returns their number. */
  #append(x: Rows, from: number): number {
    const { wait } = this.windowing;
    let wanted = x.count - from;
    if (this.#frames < wait && !this.#ended) wanted = Math.min(wanted, wait - this.#frames);
    const { line } = this;
    return line.appendRows(x, from, wanted, x.allValid && line.free >= wanted ? line.next : this.#oldestNeeded());
  }

  /** Computes the next `count` outputs into `out`, from row `row` on. */
  #emit(out: Rows, row: number, count: number): void {
    const oldest = this.#oldest(this.#outputs);
    this.forward(this.line.offset(oldest), count, out.at + row * out.channels, this.#outputs);
    this.#outputs += count;
    if (!this.line.isValidFrom(oldest)) this.#markInvalid(out, row, oldest, count);
  }

  #markInvalid(out: Rows, row: number, oldest: number, count: number): void {
    const { kernelSize, dilation, stride } = this.windowing;
    for (let i = 0; i < count; i++)
      if (!this.line.areValid(oldest + i * stride, kernelSize, dilation)) setValid(out, row + i, 0);
  }

  #padHead(): void {
    this.#headSources = this.line.next;
    padHead(this.engine.arena, this.line, this.windowing);
  }

  /**
   * Returns how many of the next `count` outputs have finite windows, up to the first that has not. Others pass no
   * gradient.
   */
  #finiteRun(count: number): number {
    const { kernelSize, dilation } = this.windowing;
    for (let run = 0; run < count; run++) {
      const oldest = this.#oldest(this.#gradientsReceived + run);
      if (this.line.isFiniteFrom(oldest)) return count;
      if (!this.line.areFinite(oldest, kernelSize, dilation)) return run;
    }
    return count;
  }
}
