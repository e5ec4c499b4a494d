import { convolveStep } from '../kernels/convolve-step.ts';
import { energyStep, gradientStep } from '../kernels/gradient-step.ts';
import { DelayLine } from './delay-line.ts';
import type { Frames } from './frames.ts';
import { GradientLine } from './gradient-line.ts';
import { trained, type LayerOptions, type LayerStream, type Trained } from './layer.ts';
import type { Phase } from './polyphase.ts';
import { numberIn, stateIn, type State } from './state.ts';

export interface ConvTranspose1dShape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  /** (K - 1) D: how far, in outputs, an input reaches. */
  readonly reach: number;
  /** ⌊(K - 1) D / S⌋: how far, in inputs, an output looks back. */
  readonly lags: number;
  readonly groups: number;
  readonly phases: readonly Phase[];
}

/**
 * Transposed convolution as a stream, gathered phase by phase: output t = nS + p comes with input n and is
 *
 *     y[t, o] = b[o] + Σ_k Σ_c w[o, k, c] x[(t - kD) / S, c]        over the taps k with kD mod S = p
 *
 * After m inputs the outputs mS … (m-1)S + (K-1)D come at flush. An output that no tap reaches is the bias, and as valid
 * as the frame that it comes with.
 */
export class ConvTranspose1d implements LayerStream {
  readonly trained: readonly Trained[];
  readonly #shape: ConvTranspose1dShape;
  readonly #weight: Float32Array;
  readonly #bias: Float32Array | null;
  readonly #line: DelayLine;
  readonly #gradientLine: GradientLine | null;
  readonly #window: Float32Array;
  readonly #windowGradient: Float32Array;
  /** Outputs that have come, and those of them that have had their gradient. */
  #outputs = 0;
  #learned = 0;
  /** Frames of the source, which the tail is not part of. */
  #frames = 0;
  #ended = false;

  constructor(shape: ConvTranspose1dShape, values: readonly Float32Array[], { gradients }: LayerOptions) {
    const { inChannels, lags, groups } = shape;
    this.#shape = shape;
    this.#weight = values[0];
    this.#bias = values[1] ?? null;
    this.#line = new DelayLine(inChannels, lags + 1);
    this.#gradientLine = gradients ? new GradientLine(inChannels, lags + 1) : null;
    this.#window = new Float32Array((lags + 1) * (inChannels / groups));
    this.#windowGradient = new Float32Array(this.#window.length);
    this.trained = gradients ? [trained(values)] : [];
  }

  push(x: Frames, out: Frames): void {
    for (let i = 0; i < x.count; i++) {
      this.#take(x.data, i * x.channels, x.valid[i]);
      this.#frames++;
      this.#emit(this.#frames * this.#shape.stride, out);
    }
  }

  flush(out: Frames): void {
    if (this.#ended || this.#frames === 0) return;
    this.#ended = true;
    const { stride, reach, inChannels } = this.#shape;
    const end = (this.#frames - 1) * stride + reach + 1;
    const zeros = new Float32Array(inChannels);
    while (this.#outputs < end) {
      this.#take(zeros, 0, 0);
      this.#emit(Math.min(end, this.#line.next * stride), out);
    }
  }

  backward(g: Frames, dx: Frames): void {
    const line = this.#gradientLine;
    if (!line) return;
    line.open(this.#line.next);
    for (let i = 0; i < g.count; i++) this.#accumulate(this.#learned++, g.data, i * g.channels, line);
    const { stride, reach } = this.#shape;
    // the last output that frame n reaches or, where no tap reaches as far, that hangs on it
    const last = Math.max(reach, stride - 1);
    line.take(Math.min(this.#frames, Math.floor((this.#learned - 1 - last) / stride) + 1), dx);
  }

  release(dx: Frames): void {
    if (this.#learned === 0) return;
    this.#gradientLine?.open(this.#line.next);
    this.#gradientLine?.take(Math.min(this.#frames, Math.floor((this.#learned - 1) / this.#shape.stride) + 1), dx);
  }

  flushGradient(dx: Frames): void {
    this.#learned = this.#outputs;
    this.#gradientLine?.open(this.#line.next);
    this.#gradientLine?.take(this.#frames, dx);
  }

  shift(frames: number): number {
    const outputs = frames * this.#shape.stride;
    this.#frames += frames;
    this.#outputs += outputs;
    this.#learned += outputs;
    this.#line.shift(frames);
    this.#gradientLine?.shift(frames);
    return outputs;
  }

  save(): State {
    return {
      learned: this.#learned,
      outputs: this.#outputs,
      frames: this.#frames,
      ended: Number(this.#ended),
      line: this.#line.save(),
      ...(this.#gradientLine && { gradientLine: this.#gradientLine.save() }),
    };
  }

  restore(state: State): void {
    this.#learned = numberIn(state, 'learned');
    this.#outputs = numberIn(state, 'outputs');
    this.#frames = numberIn(state, 'frames');
    this.#ended = numberIn(state, 'ended') === 1;
    this.#line.restore(stateIn(state, 'line'));
    this.#gradientLine?.restore(stateIn(state, 'gradientLine'));
  }

  #take(source: Float32Array, offset: number, valid: number): void {
    const line = this.#line;
    if (this.#gradientLine) {
      const needed = line.next + 1 - this.#oldest(this.#learned);
      if (needed > line.capacity) line.grow(2 * needed);
    }
    line.push(source, offset, valid);
  }

  /** The oldest frame that an output of any phase, coming with the same frame, sees. */
  #oldest(output: number): number {
    return Math.floor(output / this.#shape.stride) - this.#shape.lags;
  }

  #emit(end: number, out: Frames): void {
    const { inChannels, outChannels, groups, stride, phases } = this.#shape;
    const kernels = outChannels / groups;
    const window = this.#window;
    while (this.#outputs < end) {
      const phase = phases[this.#outputs % stride];
      const oldest = this.#oldest(this.#outputs++);
      const { length, offset } = phase;
      const row = this.#line.slot(oldest) * inChannels;
      const at = out.reserve(1);
      for (let group = 0; group < groups; group++) {
        const kernel = group * kernels;
        const w = offset + kernel * length;
        this.#gather(this.#line.data, row, phase, group, window);
        convolveStep(window, 0, this.#weight, w, length, this.#bias, kernel, kernels, out.data, at + kernel);
      }
      out.valid[out.count++] = this.#isValid(oldest, phase);
    }
  }

  #accumulate(output: number, g: Float32Array, at: number, dx: GradientLine): void {
    const { inChannels, outChannels, groups, stride, phases } = this.#shape;
    const kernels = outChannels / groups;
    const phase = phases[output % stride];
    const oldest = this.#oldest(output);
    if (!this.#isFinite(oldest, phase)) return;
    const { length, offset } = phase;
    const [sums] = this.trained;
    const [weight, bias] = sums.gradients;
    const window = this.#window;
    const windowGradient = this.#windowGradient;
    const row = this.#line.slot(oldest) * inChannels;
    const dxRow = dx.offset(oldest);
    for (let group = 0; group < groups; group++) {
      const kernel = group * kernels;
      const w = offset + kernel * length;
      this.#gather(this.#line.data, row, phase, group, window);
      this.#gather(dx.data, dxRow, phase, group, windowGradient);
      gradientStep(window, 0, this.#weight, w, length, g, at + kernel, kernels, weight, windowGradient, 0);
      this.#scatter(windowGradient, dx.data, dxRow, phase, group);
      sums.energy += energyStep(window, 0, length) / groups;
    }
    if (!this.#bias) return;
    for (let o = 0; o < bias.length; o++) bias[o] = Math.fround(bias[o] + g[at + o]);
    sums.energy += 1;
  }

  /** 1 when every tap saw a real sample. */
  #isValid(oldest: number, phase: Phase): number {
    for (const lag of phase.lags) if (!this.#cameAt(oldest, lag)) return 0;
    return phase.lags.length > 0 || this.#cameAt(oldest, 0) ? 1 : 0;
  }

  #cameAt(oldest: number, lag: number): boolean {
    const frame = oldest + this.#shape.lags - lag;
    return frame >= 0 && this.#line.valid[this.#line.slot(frame)] === 1;
  }

  /** Whether the window holds numbers only: the gradient of one that does not is nobody's. */
  #isFinite(oldest: number, phase: Phase): boolean {
    const { inChannels, lags } = this.#shape;
    for (const lag of phase.lags) {
      const from = this.#line.slot(oldest + lags - lag) * inChannels;
      for (let i = from; i < from + inChannels; i++) {
        if (this.#line.data[i] - this.#line.data[i] !== 0) return false;
      }
    }
    return true;
  }

  /** Copies the group's channels of the frames that a phase sees out of `rows`, whose oldest begins at `at`. */
  #gather(rows: Float32Array, at: number, phase: Phase, group: number, window: Float32Array): void {
    const { inChannels, groups, lags } = this.#shape;
    const width = inChannels / groups;
    let j = 0;
    for (const lag of phase.lags) {
      const run = at + (lags - lag) * inChannels + group * width;
      for (let c = 0; c < width; c++) window[j++] = rows[run + c];
    }
  }

  #scatter(window: Float32Array, rows: Float32Array, at: number, phase: Phase, group: number): void {
    const { inChannels, groups, lags } = this.#shape;
    const width = inChannels / groups;
    let j = 0;
    for (const lag of phase.lags) {
      const run = at + (lags - lag) * inChannels + group * width;
      for (let c = 0; c < width; c++) rows[run + c] = window[j++];
    }
  }
}
