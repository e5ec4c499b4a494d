import { DelayLine } from './delay-line.ts';
import type { Frames } from './frames.ts';
import { GradientLine } from './gradient-line.ts';
import type { LayerOptions, LayerStream, Trained } from './layer.ts';
import { copied, statistic } from './reference/surroundings.ts';
import { floatsIn, numberIn, stateIn, type State } from './state.ts';
import { lineCapacity, type Windowing } from './windowing.ts';

/**
 * A layer that reads windows off a delay line: output n hangs on input frame nS + f and sees the taps nS + f - kD.
 *
 *     frames   0 1 2 3 4 5 6 7 8 …          K = 3, D = 1, S = 2, f = 0
 *     taps     ■                 n = 0      (two taps on padding)
 *              ■ ■ ■             n = 1
 *                  ■ ■ ■         n = 2
 *
 * Convolution and pooling differ in what they do with a window, nothing else.
 */
export abstract class WindowLayer implements LayerStream {
  readonly trained: readonly Trained[] = [];
  protected readonly line: DelayLine;
  protected readonly gradientLine: GradientLine | null;
  protected readonly windowing: Windowing;
  /** Outputs that have come; also the index of the next one. */
  #outputs = 0;
  /** Outputs that have had their gradient; also the index of the next one to get it. */
  #learned = 0;
  /** Frames of the source, which the tail is not part of. */
  #frames = 0;
  /** How many frames the padding before frame 0 was made of. */
  #known = 0;
  #lastInvalid = -1;
  /** The gradient of the padding before frame 0, until its sources leave. */
  #copies: Float32Array = new Float32Array(0);
  #ended = false;

  constructor(windowing: Windowing, inChannels: number, { gradients }: LayerOptions) {
    const { receptiveField, padValue } = windowing;
    this.windowing = windowing;
    this.line = new DelayLine(inChannels, lineCapacity(windowing), padValue);
    this.gradientLine = gradients ? new GradientLine(inChannels, receptiveField - 1) : null;
  }

  /** Computes the output whose oldest tap is frame `oldest` into `out.data` at `at`. */
  protected abstract forward(oldest: number, out: Float32Array, at: number): void;

  /** Adds the gradients of the output whose oldest tap is frame `oldest`, ∂L/∂y in `g` from `at`. */
  protected abstract accumulate(oldest: number, g: Float32Array, at: number, dx: GradientLine): void;

  push(x: Frames, out: Frames): void {
    for (let i = 0; i < x.count; i++) {
      this.#take(x.data, i * x.channels, x.valid[i]);
      this.#frames++;
      this.#emit(out);
    }
  }

  flush(out: Frames): void {
    const { tail, wait } = this.windowing;
    if (this.#ended || this.#frames === 0) return;
    this.#ended = true;
    if (this.#frames < wait) this.#padBefore();
    const padding = this.#paddingAfter();
    this.#emit(out);
    for (let i = 0; i < tail; i++) {
      this.#take(padding, i * this.line.channels, 0);
      this.#emit(out);
    }
  }

  backward(g: Frames, dx: Frames): void {
    const line = this.gradientLine;
    if (!line) return;
    line.open(this.line.next);
    for (let i = 0; i < g.count; i++) {
      const oldest = this.#oldest(this.#learned++);
      if (this.#isFinite(oldest)) this.accumulate(oldest, g.data, i * g.channels, line);
    }
    this.#settle(line, this.#oldest(this.#learned), this.windowing.hold, dx);
  }

  release(dx: Frames): void {
    const { stride, anchor } = this.windowing;
    const line = this.gradientLine;
    if (!line || this.#learned === 0) return;
    line.open(this.line.next);
    this.#settle(line, (this.#learned - 1) * stride + anchor + 1, 0, dx);
  }

  flushGradient(dx: Frames): void {
    const line = this.gradientLine;
    if (!line) return;
    line.open(this.line.next);
    this.#learned = this.#outputs;
    this.#settle(line, Infinity, this.windowing.hold, dx);
  }

  shift(frames: number): number {
    const outputs = frames / this.windowing.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#learned += outputs;
    this.#lastInvalid += frames;
    this.line.shift(frames);
    this.gradientLine?.shift(frames);
    return outputs;
  }

  save(): State {
    return {
      outputs: this.#outputs,
      learned: this.#learned,
      frames: this.#frames,
      known: this.#known,
      lastInvalid: this.#lastInvalid,
      ended: Number(this.#ended),
      copies: this.#copies.slice(),
      line: this.line.save(),
      ...(this.gradientLine && { gradientLine: this.gradientLine.save() }),
    };
  }

  restore(state: State): void {
    this.#outputs = numberIn(state, 'outputs');
    this.#learned = numberIn(state, 'learned');
    this.#frames = numberIn(state, 'frames');
    this.#known = numberIn(state, 'known');
    this.#lastInvalid = numberIn(state, 'lastInvalid');
    this.#ended = numberIn(state, 'ended') === 1;
    this.#copies = floatsIn(state, 'copies').slice();
    this.line.restore(stateIn(state, 'line'));
    this.gradientLine?.restore(stateIn(state, 'gradientLine'));
  }

  #oldest(output: number): number {
    const { stride, anchor, receptiveField } = this.windowing;
    return output * stride + anchor - (receptiveField - 1);
  }

  #take(source: Float32Array, offset: number, valid: number): void {
    const { line } = this;
    const { wait, receptiveField } = this.windowing;
    if (this.gradientLine || wait === Infinity) {
      const needed = line.next + 1 - (wait === Infinity ? 1 - receptiveField : this.#oldest(this.#learned));
      if (needed > line.capacity) line.grow(2 * needed);
    }
    if (!valid) this.#lastInvalid = line.next;
    line.push(source, offset, valid);
    if (this.#frames + 1 === wait && !this.#ended) this.#padBefore();
  }

  /** The outputs that hang on frames that have come, once the padding is known. */
  #emit(out: Frames): void {
    const { wait, stride, anchor } = this.windowing;
    if (this.#frames < wait && !this.#ended) return;
    while (this.#outputs * stride + anchor < this.line.next) {
      const oldest = this.#oldest(this.#outputs++);
      const at = out.reserve(1);
      this.forward(oldest, out.data, at);
      out.valid[out.count++] = this.#isValid(oldest);
    }
  }

  /** Fills in what lies before frame 0, from the frames that have come. */
  #padBefore(): void {
    const { head } = this.windowing;
    this.#known = this.line.next;
    for (let index = -head; index < 0; index++) this.line.put(index, this.#paddingAt(index, 0), 0);
  }

  /** What lies after the last frame, [tail, channels]. */
  #paddingAfter(): Float32Array {
    const { tail } = this.windowing;
    const { channels, next } = this.line;
    const rows = new Float32Array(tail * channels);
    for (let i = 0; i < tail; i++) rows.set(this.#paddingAt(next + i, next), i * channels);
    return rows;
  }

  /** The padding frame at `index`; statistics are of the frames nearest to `end`, which is the first or behind the last. */
  #paddingAt(index: number, end: number): Float32Array {
    const { padding, padValue, statLength, period } = this.windowing;
    const { channels, data, next } = this.line;
    const frame = new Float32Array(channels).fill(padValue);
    const source = copied(index, next, padding, known(period));
    if (source >= 0) {
      const at = this.line.slot(source) * channels;
      return data.slice(at, at + channels);
    }
    if (padding !== 'mean' && padding !== 'median') return frame;
    const count = Math.min(statLength, next);
    const first = this.line.slot(end === 0 ? 0 : next - count);
    return frame.map((_, c) => statistic(padding, data, channels, c, first, count));
  }

  /** 1 when every tap saw a real sample. */
  #isValid(oldest: number): number {
    if (oldest > this.#lastInvalid) return 1;
    const { dilation, receptiveField } = this.windowing;
    for (let tap = oldest; tap < oldest + receptiveField; tap += dilation) {
      if (tap < 0 || this.line.valid[this.line.slot(tap)] === 0) return 0;
    }
    return 1;
  }

  /** Whether the taps saw numbers only: the gradient of an output that is none is nobody's. */
  #isFinite(oldest: number): boolean {
    if (oldest > this.#lastInvalid) return true;
    const { channels, data } = this.line;
    const { dilation, receptiveField } = this.windowing;
    const from = this.line.slot(oldest);
    for (let row = from; row < from + receptiveField; row += dilation) {
      for (let i = row * channels; i < (row + 1) * channels; i++) if (data[i] - data[i] !== 0) return false;
    }
    return true;
  }

  /** Lets the rows before `limit` go, but for the newest `hold`, which the tail could still copy. */
  #settle(line: GradientLine, limit: number, hold: number, dx: Frames): void {
    const { padding, head, period } = this.windowing;
    const flushed = limit === Infinity;
    const final = flushed ? this.#frames : Math.min(limit, this.#frames - hold);
    if (final <= line.first) return;
    // a copy's gradient joins its source's when that leaves, complete: so the order of the sum does not depend on the cut
    if (line.first === 0 && head > 0) this.#copies = line.rows(-head, head);
    for (let i = 0; i < this.#copies.length / line.channels; i++) {
      const source = copied(i - head, this.#known, padding, known(period));
      if (source >= line.first && source < final) line.add(source, this.#copies, i * line.channels);
    }
    for (let index = this.#frames; flushed && hold > 0 && index < line.next; index++) {
      const source = copied(index, this.#frames, padding, known(period));
      if (source >= line.first) line.add(source, line.rows(index, 1), 0);
    }
    line.take(final, dx);
  }
}

/** A period that was given; without one a recording wraps by its length. */
function known(period: number): number | undefined {
  return period > 0 && period < Infinity ? period : undefined;
}
