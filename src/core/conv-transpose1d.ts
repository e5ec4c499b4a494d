import { convolveStep } from '../kernels/convolve-step.ts';
import { energyStep, gradientStep } from '../kernels/gradient-step.ts';
import { integer, invalid } from './check.ts';
import { DelayLine } from './delay-line.ts';
import type { Frames } from './frames.ts';
import { GradientLine } from './gradient-line.ts';
import { trained, type Layer, type LayerOptions, type LayerStream, type Trained } from './layer.ts';
import type { ConvTranspose1dSpec, LayerContext } from './network-spec.ts';
import type { Pace } from './pace.ts';
import { polyphase, type Phase } from './polyphase.ts';
import { numberIn, stateIn, type State } from './state.ts';

interface Shape {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  /** (K - 1) D: how far, in outputs, an input reaches. */
  readonly reach: number;
  readonly groups: number;
  readonly phases: readonly Phase[];
}

/** Checks a transposed convolution's spec. Weights are [out, tap, in/groups]: tap k adds input n to output nS + kD. */
export function convTranspose1dLayer(spec: ConvTranspose1dSpec, { inChannels, rectified }: LayerContext): Layer {
  const outChannels = integer('outChannels', spec.outChannels, 1);
  const kernelSize = integer('kernelSize', spec.kernelSize, 1);
  const stride = integer('stride', spec.stride ?? 1, 1);
  const dilation = integer('dilation', spec.dilation ?? 1, 1);
  const groups = integer('groups', spec.groups ?? 1, 1);
  if (inChannels % groups !== 0) throw invalid('groups', `a divisor of its ${inChannels} channels in`, groups);
  if (outChannels % groups !== 0) throw invalid('groups', `a divisor of outChannels = ${outChannels}`, groups);
  const reach = (kernelSize - 1) * dilation;
  const kernel = [outChannels, kernelSize, inChannels / groups];
  const { phases, pack, unpack } = polyphase(kernel, stride, dilation);
  const start = {
    fanIn: Math.ceil(kernelSize / stride) * kernel[2],
    fanOut: (kernelSize * outChannels) / groups,
    rectified,
  };
  const bias = spec.bias === false ? [] : [{ name: 'bias', shape: [outChannels], start: 0 }];
  const lags = Math.floor(reach / stride) + 1;
  const pace: Pace = {
    up: stride,
    stride: 1,
    receptiveField: lags,
    delay: reach / 2 / stride,
    settle: lags,
    period: 1,
    hang: (index) => Math.floor(index / stride),
    outputsAfter: (frames) => frames * stride,
    framesFor: (outputs) => Math.ceil(outputs / stride),
  };
  const shape = { inChannels, outChannels, stride, reach, groups, phases };
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace,
    macs: (outChannels * kernelSize * kernel[2]) / stride,
    bytes: 2 * lags * (4 * inChannels + 1),
    parameters: [{ name: 'weight', shape: kernel, start, pack, unpack }, ...bias],
    stream: (values, options) => new ConvTranspose1d(shape, values, options),
  };
}

/**
 * Transposed convolution as a stream, gathered phase by phase: output t = nS + p comes with input n and is
 *
 *     y[t, o] = b[o] + Σ_k Σ_c w[o, k, c] x[(t - kD) / S, c]        over the taps k with kD mod S = p
 *
 * After m inputs the outputs mS … (m-1)S + (K-1)D come at flush.
 */
class ConvTranspose1d implements LayerStream {
  readonly trained: readonly Trained[];
  readonly #shape: Shape;
  readonly #weight: Float32Array;
  readonly #bias: Float32Array | null;
  readonly #line: DelayLine;
  readonly #gradientLine: GradientLine | null;
  readonly #window: Float32Array;
  readonly #windowGradient: Float32Array;
  /** Outputs that have had their gradient. */
  #learned = 0;
  #outputs = 0;
  #frames = 0;
  #ended = false;

  constructor(shape: Shape, values: readonly Float32Array[], { gradients }: LayerOptions) {
    const lags = Math.floor(shape.reach / shape.stride) + 1;
    this.#shape = shape;
    this.#weight = values[0];
    this.#bias = values[1] ?? null;
    this.#line = new DelayLine(shape.inChannels, lags);
    this.#gradientLine = gradients ? new GradientLine(shape.inChannels, lags - 1) : null;
    this.#window = new Float32Array(lags * (shape.inChannels / shape.groups));
    this.#windowGradient = new Float32Array(this.#window.length);
    this.trained = gradients ? [trained(values)] : [];
  }

  push(x: Frames, out: Frames): void {
    for (let i = 0; i < x.count; i++) {
      this.#take(x.data, i * x.channels, x.valid[i]);
      this.#frames++;
      this.#emit(this.#line.next * this.#shape.stride, out);
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
    line.take(Math.min(this.#frames, Math.floor((this.#learned - 1 - reach) / stride) + 1), dx);
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
      const needed = line.next + 1 - Math.floor((this.#learned - this.#shape.reach) / this.#shape.stride);
      if (needed > line.capacity) line.grow(2 * needed);
    }
    line.push(source, offset, valid);
  }

  #emit(end: number, out: Frames): void {
    const { outChannels, groups, stride, phases } = this.#shape;
    const kernels = outChannels / groups;
    while (this.#outputs < end) {
      const phase = phases[this.#outputs % stride];
      const frame = Math.floor(this.#outputs++ / stride);
      const at = out.reserve(1);
      for (let group = 0; group < groups; group++) {
        const kernel = group * kernels;
        this.#gather(this.#line.data, (lag) => this.#line.slot(frame - lag), phase, group, this.#window);
        const from = phase.offset + kernel * phase.length;
        convolveStep(
          this.#window,
          0,
          this.#weight,
          from,
          phase.length,
          this.#bias,
          kernel,
          kernels,
          out.data,
          at + kernel,
        );
      }
      out.valid[out.count++] = this.#isValid(frame, phase);
    }
  }

  #accumulate(output: number, g: Float32Array, at: number, dx: GradientLine): void {
    const { outChannels, groups, stride, phases, inChannels } = this.#shape;
    const kernels = outChannels / groups;
    const phase = phases[output % stride];
    const frame = Math.floor(output / stride);
    const [sums] = this.trained;
    const [weight, bias] = sums.gradients;
    const row = (lag: number) => dx.offset(frame - lag) / inChannels;
    for (let group = 0; group < groups; group++) {
      const kernel = group * kernels;
      this.#gather(this.#line.data, (lag) => this.#line.slot(frame - lag), phase, group, this.#window);
      if (!this.#window.subarray(0, phase.length).every(Number.isFinite)) return;
      this.#gather(dx.data, row, phase, group, this.#windowGradient);
      const from = phase.offset + kernel * phase.length;
      const { length } = phase;
      gradientStep(
        this.#window,
        0,
        this.#weight,
        from,
        length,
        g,
        at + kernel,
        kernels,
        weight,
        this.#windowGradient,
        0,
      );
      this.#scatter(this.#windowGradient, dx.data, row, phase, group);
      sums.energy += energyStep(this.#window, 0, length) / groups;
    }
    if (!this.#bias) return;
    for (let o = 0; o < bias.length; o++) bias[o] = Math.fround(bias[o] + g[at + o]);
    sums.energy += 1;
  }

  #isValid(frame: number, { lags }: Phase): number {
    if (this.#frames <= frame) return 0;
    for (const lag of [0, ...lags]) {
      if (frame - lag < 0 || this.#line.valid[this.#line.slot(frame - lag)] === 0) return 0;
    }
    return 1;
  }

  /** Copies the group's channels of the rows that a phase sees, oldest first. `row` tells where the frame `lag` back lies. */
  #gather(rows: Float32Array, row: (lag: number) => number, { lags }: Phase, group: number, into: Float32Array): void {
    const { inChannels, groups } = this.#shape;
    const width = inChannels / groups;
    let j = 0;
    for (const lag of lags) {
      const from = row(lag) * inChannels + group * width;
      for (let c = 0; c < width; c++) into[j++] = rows[from + c];
    }
  }

  #scatter(from: Float32Array, rows: Float32Array, row: (lag: number) => number, { lags }: Phase, group: number): void {
    const { inChannels, groups } = this.#shape;
    const width = inChannels / groups;
    let j = 0;
    for (const lag of lags) {
      const to = row(lag) * inChannels + group * width;
      for (let c = 0; c < width; c++) rows[to + c] = from[j++];
    }
  }
}
