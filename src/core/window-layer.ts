import { DelayLine } from './delay-line.ts';
import type { Frames } from './frames.ts';
import { GradientLine } from './gradient-line.ts';
import type { LayerStream } from './layer-stream.ts';
import type { Windowing } from './windowing.ts';

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
  protected readonly line: DelayLine;
  protected readonly gradientLine: GradientLine | null;
  protected readonly windowing: Windowing;
  /** Outputs emitted; also the index of the next one. */
  #outputs = 0;
  /** Outputs that have had their gradient; also the index of the next one to get it. */
  #learned = 0;
  /** Frames of the source, which the tail is not part of. */
  #frames = 0;
  #lastInvalid = -1;
  #ended = false;

  constructor(windowing: Windowing, inChannels: number, gradients: boolean) {
    const { receptiveField, padValue } = windowing;
    this.windowing = windowing;
    this.line = new DelayLine(inChannels, receptiveField, padValue);
    this.gradientLine = gradients ? new GradientLine(inChannels, receptiveField - 1) : null;
  }

  /** Computes the output whose oldest tap is frame `oldest` into `out.data` at `at`. */
  protected abstract forward(oldest: number, out: Float32Array, at: number): void;

  /** Adds the gradients of the output whose oldest tap is frame `oldest`, ∂L/∂y in `g` from `at`. */
  protected abstract accumulate(oldest: number, g: Float32Array, at: number, dx: GradientLine): void;

  push(x: Frames, out: Frames): void {
    if (x.count === 0) return;
    if (this.#frames === 0 && this.windowing.padding === 'edge') this.line.fill(x.data, 0);
    for (let i = 0; i < x.count; i++) this.#pushFrame(x.data, i * x.channels, x.valid[i], out);
    this.#frames += x.count;
  }

  flush(out: Frames): void {
    const { tail, padding, padValue } = this.windowing;
    if (this.#ended || this.#frames === 0) return;
    this.#ended = true;
    const last = new Float32Array(this.line.channels).fill(padValue);
    if (padding === 'edge') {
      const at = this.line.slot(this.#frames - 1) * last.length;
      last.set(this.line.data.subarray(at, at + last.length));
    }
    for (let i = 0; i < tail; i++) this.#pushFrame(last, 0, 0, out);
  }

  backward(g: Frames, dx: Frames): void {
    const line = this.gradientLine;
    if (!line) return;
    line.open(this.line.next);
    for (let i = 0; i < g.count; i++) {
      const oldest = this.#oldest(this.#learned++);
      if (this.#isFinite(oldest)) this.accumulate(oldest, g.data, i * g.channels, line);
    }
    this.#settle(line, this.#oldest(this.#learned), dx);
  }

  flushGradient(dx: Frames): void {
    const line = this.gradientLine;
    if (!line) return;
    line.open(this.line.next);
    this.#learned = this.#outputs;
    this.#settle(line, Infinity, dx);
  }

  outputsFor(frames: number): number {
    const { stride, anchor } = this.windowing;
    return Math.max(0, Math.floor((this.line.next + frames - 1 - anchor) / stride) + 1) - this.#outputs;
  }

  shift(frames: number): void {
    const outputs = frames / this.windowing.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#learned += outputs;
    this.#lastInvalid += frames;
    this.line.shift(frames);
    this.gradientLine?.shift(frames);
  }

  #oldest(output: number): number {
    const { stride, anchor, receptiveField } = this.windowing;
    return output * stride + anchor - (receptiveField - 1);
  }

  #pushFrame(source: Float32Array, offset: number, valid: number, out: Frames): void {
    const { line } = this;
    if (this.gradientLine) {
      const needed = line.next + 1 - this.#oldest(this.#learned);
      if (needed > line.capacity) line.grow(2 * needed);
    }
    if (!valid) this.#lastInvalid = line.next;
    line.push(source, offset, valid);
    const { stride, anchor } = this.windowing;
    if (line.next - 1 !== this.#outputs * stride + anchor) return;
    const oldest = this.#oldest(this.#outputs++);
    const at = out.reserve(1);
    this.forward(oldest, out.data, at);
    out.valid[out.count++] = this.#isValid(oldest);
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

  /** Whether the window holds numbers only: the gradient of one that does not is nobody's. */
  #isFinite(oldest: number): boolean {
    if (oldest > this.#lastInvalid) return true;
    const { channels, data } = this.line;
    const from = this.line.slot(oldest) * channels;
    for (let i = from; i < from + this.windowing.receptiveField * channels; i++) {
      if (data[i] - data[i] !== 0) return false;
    }
    return true;
  }

  /** Lets the rows go to which no output from the one with oldest tap `limit` on can add. */
  #settle(line: GradientLine, limit: number, dx: Frames): void {
    const { padding, tail, receptiveField } = this.windowing;
    const copiesLast = padding === 'edge' && tail > 0;
    const flushed = limit === Infinity;
    let final = Math.min(limit, this.#frames);
    if (copiesLast && !flushed) final = Math.min(final, this.#frames - 1);
    if (final <= line.first) return;
    if (padding === 'edge' && line.first === 0) {
      for (let index = 1 - receptiveField; index < 0; index++) line.fold(index, 0);
    }
    if (copiesLast && flushed) {
      for (let index = this.#frames; index < line.next; index++) line.fold(index, this.#frames - 1);
    }
    line.take(final, dx);
  }
}
