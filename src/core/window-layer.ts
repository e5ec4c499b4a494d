import { DelayLine } from './delay-line.ts';
import type { Engine } from './engine.ts';
import { GradientLine } from './gradient-line.ts';
import { Holes } from './holes.ts';
import type { LayerStream, StreamContext } from './layer.ts';
import { copied, statistic } from './reference/surroundings.ts';
import { mark, type Rows } from './rows.ts';
import { floatsIn, numberIn, stateIn, type State } from './state.ts';
import type { Trained } from './trained.ts';
import type { Windowing } from './windowing.ts';

/**
 * A layer that reads windows off a delay line: output n hangs on input frame nS + f and sees the taps nS + f - kD.
 *
 *     frames   0 1 2 3 4 5 6 7 8 …          K = 3, D = 1, S = 2, f = 0
 *     taps     ■                 n = 0      (two taps on padding)
 *              ■ ■ ■             n = 1
 *                  ■ ■ ■         n = 2
 *
 * Convolution and pooling differ in what they do with windows, nothing else. As many windows as lie in the line are done
 * at once: the windows of consecutive outputs begin S frames apart.
 */
export abstract class WindowLayer implements LayerStream {
  readonly trained: readonly Trained[] = [];
  protected readonly engine: Engine;
  protected readonly line: DelayLine;
  protected readonly gradientLine: GradientLine | null;
  protected readonly windowing: Windowing;
  readonly #outChannels: number;
  /** Outputs that have come; also the index of the next one. */
  #outputs = 0;
  /** Outputs that have had their gradient; also the index of the next one to get it. */
  #learned = 0;
  /** Frames of the source, which the tail is not part of. */
  #frames = 0;
  /** How many frames the padding before frame 0 was made of. */
  #known = 0;
  readonly #holes = new Holes();
  /** The newest frame that may hold something that is no number. */
  #lastOdd = -1;
  /** The gradient of the padding before frame 0, until its sources leave. */
  #copies: Float32Array | null = null;
  #ended = false;

  constructor(windowing: Windowing, channels: readonly [inputs: number, outputs: number], context: StreamContext) {
    const { receptiveField, padValue } = windowing;
    const { engine, lease, gradients } = context;
    this.windowing = windowing;
    this.engine = engine;
    this.line = new DelayLine(lease, channels[0], receptiveField - 1, padValue);
    this.gradientLine = gradients ? new GradientLine(engine, lease, channels[0], receptiveField - 1) : null;
    this.#outChannels = channels[1];
  }

  /** Computes `count` outputs at `y`, the first from the window at `x`. */
  protected abstract forward(x: number, count: number, y: number): void;

  /** Adds the gradients of `count` outputs, output `first` and those after it, ∂L/∂y at `g`: to those of the windows from `dx` on too. */
  protected abstract accumulate(first: number, count: number, g: number, dx: number): void;

  /** The oldest output whose window must stay in the line. */
  protected get oldestOwed(): number {
    return this.#learned;
  }

  /** Where the window of output `index`, which is held, begins. */
  protected windowAt(index: number): number {
    return this.line.offset(this.#oldest(index));
  }

  push(x: Rows): Rows {
    const out = this.engine.scratch.rows(this.#due(this.#frames + x.count), this.#outChannels);
    let came = 0;
    for (let i = 0; i < x.count;) {
      const count = this.#take(x, i);
      this.#frames += count;
      i += count;
      if (this.#frames === this.windowing.wait) this.#padBefore();
      came = this.#emit(out, came);
    }
    return out;
  }

  flush(): Rows {
    const { tail, wait } = this.windowing;
    const { scratch } = this.engine;
    if (this.#ended || this.#frames === 0) return scratch.rows(0, this.#outChannels);
    this.#ended = true;
    if (this.#frames < wait) this.#padBefore();
    const padding = this.#paddingAfter();
    const out = scratch.rows(this.#due(this.line.next + tail), this.#outChannels);
    let came = this.#emit(out, 0);
    for (let i = 0; i < tail;) {
      i += this.#take(padding, i);
      came = this.#emit(out, came);
    }
    return out;
  }

  backward(g: Rows): Rows {
    const line = this.gradientLine!;
    line.open(this.line.next);
    for (let i = 0; i < g.count;) {
      const count = this.#soundRun(g.count - i);
      if (count > 0) this.accumulate(this.#learned, count, g.at + i * g.channels, line.offset(this.#oldest(this.#learned)));
      this.#learned += Math.max(1, count);
      i += Math.max(1, count);
    }
    return this.#settle(line, this.#oldest(this.#learned), this.windowing.hold);
  }

  release(): Rows {
    const { stride, anchor } = this.windowing;
    const line = this.gradientLine!;
    line.open(this.line.next);
    return this.#settle(line, this.#learned === 0 ? 0 : (this.#learned - 1) * stride + anchor + 1, 0);
  }

  flushGradient(): Rows {
    const line = this.gradientLine!;
    line.open(this.line.next);
    this.#learned = this.#outputs;
    return this.#settle(line, Infinity, this.windowing.hold);
  }

  shift(frames: number): number {
    const outputs = frames / this.windowing.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#learned += outputs;
    this.#lastOdd += frames;
    this.#holes.shift(frames);
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
      lastOdd: this.#lastOdd,
      ended: Number(this.#ended),
      holes: this.#holes.save(),
      line: this.line.save(this.#keep()),
      ...(this.#copies && { copies: this.#copies.slice() }),
      ...(this.gradientLine && { gradientLine: this.gradientLine.save() }),
    };
  }

  restore(state: State): void {
    this.#outputs = numberIn(state, 'outputs');
    this.#learned = numberIn(state, 'learned');
    this.#frames = numberIn(state, 'frames');
    this.#known = numberIn(state, 'known');
    this.#lastOdd = numberIn(state, 'lastOdd');
    this.#ended = numberIn(state, 'ended') === 1;
    this.#copies = 'copies' in state ? floatsIn(state, 'copies').slice() : null;
    this.#holes.restore(stateIn(state, 'holes'));
    this.line.restore(stateIn(state, 'line'));
    this.gradientLine?.restore(stateIn(state, 'gradientLine'));
  }

  #oldest(output: number): number {
    const { stride, anchor, receptiveField } = this.windowing;
    return output * stride + anchor - (receptiveField - 1);
  }

  /** How many more outputs will have come when the line is at frame `next`. */
  #due(next: number): number {
    const { wait, stride, anchor } = this.windowing;
    if (next < wait && !this.#ended) return 0;
    const hang = this.#outputs * stride + anchor;
    return hang < next ? Math.floor((next - 1 - hang) / stride) + 1 : 0;
  }

  /** The oldest frame that is still needed. */
  #keep(): number {
    const { wait, receptiveField, sources } = this.windowing;
    if (wait === Infinity) return 1 - receptiveField;
    const outputs = this.gradientLine ? Math.min(this.#outputs, this.oldestOwed) : this.#outputs;
    return Math.min(this.#oldest(outputs), this.line.next - sources);
  }

  /** Takes rows of `x` from row `from` on into the line: as many as there is room for, or until the padding is known. */
  #take(x: Rows, from: number): number {
    const { line } = this;
    const { wait } = this.windowing;
    const wanted = x.count - from;
    const known = this.#frames < wait && !this.#ended ? Math.min(wanted, wait - this.#frames) : wanted;
    const count = line.makeRoom(known, this.#keep());
    const first = line.next;
    const at = line.append(count);
    const sound = this.engine.kernels.write(x.at + from * x.channels, at, count * x.channels);
    if (!sound) this.#lastOdd = line.next - 1;
    if (!x.sound) {
      this.#holes.forget(this.#keep());
      for (let i = 0; i < count; i++) if (!x.valid[from + i]) this.#holes.add(first + i);
    }
    return count;
  }

  /** The outputs that hang on frames that have come, once the padding is known; `came` rows of `out` are there already. */
  #emit(out: Rows, came: number): number {
    const count = this.#due(this.line.next);
    if (count === 0) return came;
    const oldest = this.#oldest(this.#outputs);
    this.forward(this.line.offset(oldest), count, out.at + came * out.channels);
    this.#outputs += count;
    if (oldest <= this.#holes.last) {
      const { kernelSize, dilation, stride } = this.windowing;
      for (let i = 0; i < count; i++)
        if (this.#holes.hit(oldest + i * stride, kernelSize, dilation)) mark(out, came + i, 0);
    }
    return came + count;
  }

  /** Fills in what lies before frame 0, from the frames that have come. */
  #padBefore(): void {
    const { head } = this.windowing;
    this.#known = this.line.next;
    for (let index = -head; index < 0; index++)
      this.engine.arena.f32.set(this.#paddingAt(index, 0), this.line.offset(index));
  }

  /** What lies after the last frame, as rows that are not valid. */
  #paddingAfter(): Rows {
    const { tail } = this.windowing;
    const { channels, next } = this.line;
    const rows = this.engine.scratch.rows(tail, channels);
    for (let i = 0; i < tail; i++) {
      this.engine.arena.f32.set(this.#paddingAt(next + i, next), rows.at + i * channels);
      mark(rows, i, 0);
    }
    return rows;
  }

  /** The padding frame at `index`; statistics are of the frames nearest to `end`, which is the first or behind the last. */
  #paddingAt(index: number, end: number): Float32Array {
    const { padding, padValue, statLength, period } = this.windowing;
    const { channels, next } = this.line;
    const { f32 } = this.engine.arena;
    const source = copied(index, next, padding, known(period));
    if (source >= 0) return f32.slice(this.line.offset(source), this.line.offset(source + 1));
    const frame = new Float32Array(channels).fill(padValue);
    if (padding !== 'mean' && padding !== 'median') return frame;
    const count = Math.min(statLength, next);
    const from = this.line.offset(end === 0 ? 0 : next - count);
    const near = f32.slice(from, from + count * channels);
    return frame.map((_, c) => statistic(padding, near, channels, c, 0, count));
  }

  /** How many of the next `count` outputs to learn from have seen numbers only: of others the gradient is nobody's. */
  #soundRun(count: number): number {
    let run = 0;
    while (run < count && this.#isFinite(this.#oldest(this.#learned + run))) {
      // behind the last odd frame there is none to look for
      if (this.#oldest(this.#learned + run) > this.#lastOdd) return count;
      run++;
    }
    return run;
  }

  #isFinite(oldest: number): boolean {
    if (oldest > this.#lastOdd) return true;
    const { channels } = this.line;
    const { f32 } = this.engine.arena;
    const { dilation, receptiveField } = this.windowing;
    for (let tap = 0; tap < receptiveField; tap += dilation) {
      const from = this.line.offset(oldest + tap);
      for (let i = from; i < from + channels; i++) if (f32[i] - f32[i] !== 0) return false;
    }
    return true;
  }

  /** Lets the rows before `limit` go, but for the newest `hold`, which the tail could still copy. */
  #settle(line: GradientLine, limit: number, hold: number): Rows {
    const { padding, head, period } = this.windowing;
    const flushed = limit === Infinity;
    const final = flushed ? this.#frames : Math.min(limit, this.#frames - hold);
    if (final <= line.first) return line.take(line.first);
    // a copy's gradient joins its source's when that leaves, complete: so the order of the sum does not depend on the cut
    if (line.first === 0 && head > 0 && padding !== 'zeros') this.#copies = line.copy(-head, head);
    for (let i = 0; this.#copies && i < head; i++) {
      const source = copied(i - head, this.#known, padding, known(period));
      if (source >= line.first && source < final) line.add(source, this.#copies, i * line.channels);
    }
    for (let index = this.#frames; flushed && hold > 0 && index < line.next; index++) {
      const source = copied(index, this.#frames, padding, known(period));
      if (source >= line.first) line.add(source, line.copy(index, 1), 0);
    }
    return line.take(final);
  }
}

/** A period that was given; without one a recording wraps by its length. */
function known(period: number): number | undefined {
  return period > 0 && period < Infinity ? period : undefined;
}
