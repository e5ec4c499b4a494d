import { convolveStep } from '../kernels/convolve-step.ts';
import { energyStep, gradientStep } from '../kernels/gradient-step.ts';
import type { GradientLine } from './gradient-line.ts';
import type { Gradients, Parameters } from './layer-stream.ts';
import { WindowLayer } from './window-layer.ts';
import type { Windowing } from './windowing.ts';

export interface Conv1dShape extends Windowing {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/**
 * Convolution of many channels with many kernels, as a stream: equations (2), (4) and (5).
 *
 * With dilation 1 and one group a window is one run of the delay line and is read in place. Otherwise its K runs are
 * gathered first, so that one inner loop, and one order of summation, serves all shapes.
 *
 * The weights are the network's, read at every output: whoever changes them changes the next output.
 */
export class Conv1d extends WindowLayer {
  readonly gradients: Gradients | null;
  readonly #shape: Conv1dShape;
  readonly #parameters: Parameters;
  readonly #groupIn: number;
  readonly #groupOut: number;
  /** Samples in the window of one kernel: K · C / groups. */
  readonly #length: number;
  readonly #window: Float32Array | null;
  readonly #windowGradient: Float32Array | null;

  constructor(shape: Conv1dShape, parameters: Parameters, gradients: boolean) {
    super(shape, shape.inChannels, gradients);
    this.#shape = shape;
    this.#parameters = parameters;
    this.#groupIn = shape.inChannels / shape.groups;
    this.#groupOut = shape.outChannels / shape.groups;
    this.#length = shape.kernelSize * this.#groupIn;
    this.#window = shape.dilation === 1 && shape.groups === 1 ? null : new Float32Array(this.#length);
    this.#windowGradient = this.#window && new Float32Array(this.#length);
    const { weight, bias } = parameters;
    this.gradients = gradients
      ? { weight: new Float32Array(weight.length), bias: bias && new Float32Array(bias.length), energy: 0 }
      : null;
  }

  protected override forward(oldest: number, out: Float32Array, at: number): void {
    const { weight, bias } = this.#parameters;
    const length = this.#length;
    const kernels = this.#groupOut;
    for (let group = 0; group < this.#shape.groups; group++) {
      const kernel = group * kernels;
      const x = this.#windowOf(oldest, group);
      convolveStep(x, this.#windowAt(oldest), weight, kernel * length, length, bias, kernel, kernels, out, at + kernel);
    }
  }

  protected override accumulate(oldest: number, g: Float32Array, at: number, line: GradientLine): void {
    const sums = this.gradients!;
    const { weight, bias } = this.#parameters;
    const length = this.#length;
    const kernels = this.#groupOut;
    const gathered = this.#windowGradient;
    const xAt = this.#windowAt(oldest);
    for (let group = 0; group < this.#shape.groups; group++) {
      const kernel = group * kernels;
      const x = this.#windowOf(oldest, group);
      const dx = gathered ?? line.data;
      const dxAt = gathered ? 0 : line.offset(oldest);
      if (gathered) this.#gather(line.data, line.offset(oldest), group, gathered);
      gradientStep(x, xAt, weight, kernel * length, length, g, at + kernel, kernels, sums.weight, dx, dxAt);
      if (gathered) this.#scatter(gathered, line.data, line.offset(oldest), group);
      sums.energy += energyStep(x, xAt, length) / this.#shape.groups;
    }
    if (!bias) return;
    for (let o = 0; o < bias.length; o++) sums.bias![o] = Math.fround(sums.bias![o] + g[at + o]);
    sums.energy += 1;
  }

  clearGradients(): void {
    if (!this.gradients) return;
    this.gradients.weight.fill(0);
    this.gradients.bias?.fill(0);
    this.gradients.energy = 0;
  }

  /** The memory in which the window of `group` lies, from `#windowAt(oldest)`. */
  #windowOf(oldest: number, group: number): Float32Array {
    if (!this.#window) return this.line.data;
    this.#gather(this.line.data, this.line.slot(oldest) * this.line.channels, group, this.#window);
    return this.#window;
  }

  #windowAt(oldest: number): number {
    return this.#window ? 0 : this.line.slot(oldest) * this.line.channels;
  }

  /** Copies the K runs of a group's channels out of `rows`, whose oldest tap begins at `at`. */
  #gather(rows: Float32Array, at: number, group: number, window: Float32Array): void {
    const { kernelSize, dilation, inChannels } = this.#shape;
    let j = 0;
    for (let tap = 0; tap < kernelSize; tap++) {
      const run = at + tap * dilation * inChannels + group * this.#groupIn;
      for (let c = 0; c < this.#groupIn; c++) window[j++] = rows[run + c];
    }
  }

  #scatter(window: Float32Array, rows: Float32Array, at: number, group: number): void {
    const { kernelSize, dilation, inChannels } = this.#shape;
    let j = 0;
    for (let tap = 0; tap < kernelSize; tap++) {
      const run = at + tap * dilation * inChannels + group * this.#groupIn;
      for (let c = 0; c < this.#groupIn; c++) rows[run + c] = window[j++];
    }
  }
}
