import type { Engine } from '../../memory/engine.ts';
import { GradientLine } from '../../memory/gradient-line.ts';
import { InputLine } from '../../memory/delay-line.ts';
import type { LayerStream, StreamContext } from '../layer.ts';
import type { Phase } from './polyphase.ts';
import { setValid, type Rows } from '../../memory/rows.ts';
import { numberIn, stateIn, type State } from '../../state/state.ts';
import { ParameterGradients, type MemoryRange } from '../parameter-gradients.ts';

/** The dimensions of a transposed convolution. */
export interface ConvTranspose1dShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  /** (K - 1) D: the distance that an input reaches forward, in outputs. */
  readonly reach: number;
  /** ⌊(K - 1) D / S⌋: the distance that an output reaches back, in inputs. */
  readonly lags: number;
  readonly groups: number;
  readonly phases: readonly Phase[];
}

/**
 * Transposed convolution of a stream, computed phase by phase: output t = nS + p is emitted with input n and is
 *
 *     y[t, o] = b[o] + Σ_k Σ_c w[o, k, c] x[(t - kD) / S, c]        over the taps k with kD mod S = p
 *
 * After m inputs, outputs mS … (m-1)S + (K-1)D are emitted at flush. An output that no tap reaches equals the bias and
 * has the validity of the frame that it is aligned with.
 */
export class ConvTranspose1d implements LayerStream {
  readonly trained: readonly ParameterGradients[];
  readonly #engine: Engine;
  readonly #shape: ConvTranspose1dShape;
  readonly #values: readonly MemoryRange[];
  readonly #line: InputLine;
  readonly #gradientLine: GradientLine | null;
  /** Number of outputs so far, and of those that have received their gradient. */
  #outputs = 0;
  #gradientsReceived = 0;
  /** Number of frames from the source, not counting the tail. */
  #frames = 0;
  #ended = false;

  constructor(shape: ConvTranspose1dShape, values: readonly MemoryRange[], context: StreamContext) {
    const { engine, allocation, gradients } = context;
    const { inChannels, lags } = shape;
    this.#engine = engine;
    this.#shape = shape;
    this.#values = values;
    this.#line = new InputLine(engine, allocation, inChannels, lags);
    this.#gradientLine = gradients ? new GradientLine(engine, allocation, inChannels, lags + 1) : null;
    this.trained = gradients ? [new ParameterGradients(engine, allocation, values)] : [];
  }

  push(x: Rows): Rows {
    const out = this.#run(x);
    this.#frames += x.count;
    return out;
  }

  flush(): Rows {
    const { scratch, kernels } = this.#engine;
    const { stride, reach, inChannels, outChannels } = this.#shape;
    const left = (this.#frames - 1) * stride + reach + 1 - this.#outputs;
    if (this.#ended || this.#frames === 0 || left <= 0) return scratch.rows(0, outChannels);
    this.#ended = true;
    const zeros = scratch.rows(Math.ceil(left / stride), inChannels);
    kernels.fill(zeros.at, zeros.count * inChannels, 0);
    for (let i = 0; i < zeros.count; i++) setValid(zeros, i, 0);
    const tail = this.#run(zeros);
    this.#outputs -= tail.count - left;
    tail.count = left;
    return tail;
  }

  backward(g: Rows): Rows {
    const line = this.#gradientLine!;
    line.open(this.#line.next, this.#oldestNeeded());
    for (let i = 0; i < g.count; i++) this.#accumulate(this.#gradientsReceived++, g.at + i * g.channels, line);
    const { stride, reach } = this.#shape;
    // the last output that frame n reaches or, if no tap reaches that far, that is aligned with it
    const last = Math.max(reach, stride - 1);
    return line.removeBefore(Math.min(this.#frames, Math.floor((this.#gradientsReceived - 1 - last) / stride) + 1));
  }

  truncateGradient(): Rows {
    const line = this.#gradientLine!;
    line.open(this.#line.next, this.#oldestNeeded());
    return line.removeBefore(
      Math.min(this.#frames, Math.floor((this.#gradientsReceived - 1) / this.#shape.stride) + 1),
    );
  }

  flushGradient(): Rows {
    const line = this.#gradientLine!;
    this.#gradientsReceived = this.#outputs;
    line.open(this.#line.next, this.#oldestNeeded());
    return line.removeBefore(this.#frames);
  }

  advanceIndexes(frames: number): number {
    const outputs = frames * this.#shape.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#gradientsReceived += outputs;
    this.#line.advanceIndexes(frames);
    this.#gradientLine?.advanceIndexes(frames);
    return outputs;
  }

  save(): State {
    return {
      learned: this.#gradientsReceived,
      outputs: this.#outputs,
      frames: this.#frames,
      ended: Number(this.#ended),
      line: this.#line.save(this.#oldestNeeded()),
      ...(this.#gradientLine && { gradientLine: this.#gradientLine.save(this.#oldestNeeded()) }),
    };
  }

  restore(state: State): void {
    this.#gradientsReceived = numberIn(state, 'learned');
    this.#outputs = numberIn(state, 'outputs');
    this.#frames = numberIn(state, 'frames');
    this.#ended = numberIn(state, 'ended') === 1;
    this.#line.restore(stateIn(state, 'line'));
    this.#gradientLine?.restore(stateIn(state, 'gradientLine'));
  }

  /** Returns the oldest frame that is still needed. */
  #oldestNeeded(): number {
    const outputs = this.#gradientLine ? this.#gradientsReceived : this.#outputs;
    return Math.floor(outputs / this.#shape.stride) - this.#shape.lags;
  }

  /** Appends frames and returns the S outputs of each. */
  #run(x: Rows): Rows {
    const { stride, outChannels } = this.#shape;
    const out = this.#engine.scratch.rows(x.count * stride, outChannels);
    for (let i = 0; i < x.count;) {
      const count = this.#line.appendRows(x, i, x.count - i, this.#oldestNeeded());
      for (let p = 0; p < stride; p++) this.#emit(p, count, out, i);
      this.#outputs += count * stride;
      i += count;
    }
    return out;
  }

  /**
   * Computes the outputs of phase `p` for the newest `count` frames, the first of which is frame `row` of the block.
   */
  #emit(p: number, count: number, out: Rows, row: number): void {
    const { outChannels, groups, stride, phases } = this.#shape;
    const { kernels, scratch } = this.#engine;
    const [weight, bias] = this.#values as readonly (MemoryRange | undefined)[];
    const phase = phases[p];
    const own = outChannels / groups;
    const frame = this.#line.next - count;
    const windows = scratch.allocate(count * phase.length);
    for (let group = 0; group < groups; group++) {
      const w = weight!.at + phase.offset + group * phase.group;
      const b = bias ? bias.at + group * own : 0;
      const y = out.at + (row * stride + p) * outChannels + group * own;
      this.#gather(this.#line.offset(frame - phase.oldest), count, phase, group, windows);
      kernels.convolve(windows, phase.length, count, w, b, phase.length, own, y, stride * outChannels);
    }
    if (this.#line.isValidFrom(frame - phase.oldest)) return;
    for (let i = 0; i < count; i++)
      if (!this.#line.areValid(frame + i - phase.oldest, Math.max(1, phase.taps), phase.step))
        setValid(out, (row + i) * stride + p, 0);
  }

  #accumulate(output: number, g: number, line: GradientLine): void {
    const { inChannels, outChannels, groups, stride, phases } = this.#shape;
    const { kernels, scratch } = this.#engine;
    const own = outChannels / groups;
    const phase = phases[output % stride];
    const { length } = phase;
    const oldest = Math.floor(output / stride) - phase.oldest;
    // a window with non-finite samples passes no gradient
    if (!this.#line.areFinite(oldest, phase.taps, phase.step)) return;
    const [sums] = this.trained;
    if (!sums.hasGradient(g, outChannels)) return;
    const window = scratch.allocate(length);
    for (let group = 0; group < groups; group++) {
      const weights = phase.offset + group * phase.group;
      const slopes = g + group * own;
      this.#gather(this.#line.offset(oldest), 1, phase, group, window);
      sums.energy += kernels.energy(window, 0, 1, length, 0, 0) / groups;
      kernels.weightGradient(window, 0, 1, slopes, 0, length, own, sums.gradient(0) + weights);
      this.#gather(line.offset(oldest), 1, phase, group, window);
      kernels.inputGradient(slopes, 0, 1, this.#values[0].at + weights, length, own, window, 0);
      const width = inChannels / groups;
      kernels.scatter(window, phase.taps, phase.step * inChannels, width, line.offset(oldest) + group * width);
    }
    if (this.#values.length > 1) {
      kernels.biasGradient(g, 0, 1, outChannels, sums.gradient(1));
      sums.energy += 1;
    }
    sums.markDirty();
  }

  /** Copies the group's channels of the frames in the windows of a phase. The first window begins at `x`. */
  #gather(x: number, count: number, { taps, step }: Phase, group: number, windows: number): void {
    const { inChannels, groups } = this.#shape;
    const width = inChannels / groups;
    this.#engine.kernels.gather(x + group * width, inChannels, count, taps, step * inChannels, width, windows);
  }
}
