import { convolveStep } from '../kernels/convolve-step.ts';
import { energyStep, gradientStep } from '../kernels/gradient-step.ts';
import { integer, invalid } from './check.ts';
import type { GradientLine } from './gradient-line.ts';
import { trained, type Layer, type LayerOptions, type ParameterSpec, type Trained } from './layer.ts';
import type { Conv1dSpec, LayerContext } from './network-spec.ts';
import { windowPace } from './pace.ts';
import { reverseTaps } from './weights.ts';
import { WindowLayer } from './window-layer.ts';
import { lineCapacity, windowing, type Windowing } from './windowing.ts';

export interface Conv1dShape extends Windowing {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/** Checks a convolution's spec. Weights are [out, tap, in/groups] in lag order: tap 0 meets the newest frame. */
export function conv1dLayer(spec: Conv1dSpec, { inChannels, rectified }: LayerContext): Layer {
  const outChannels = integer('outChannels', spec.outChannels, 1);
  const groups = integer('groups', spec.groups ?? 1, 1);
  if (inChannels % groups !== 0) throw invalid('groups', `a divisor of its ${inChannels} channels in`, groups);
  if (outChannels % groups !== 0) throw invalid('groups', `a divisor of outChannels = ${outChannels}`, groups);
  const bias = spec.bias ?? true;
  if (typeof bias !== 'boolean') throw invalid('bias', 'true or false', bias, TypeError);
  const shape: Conv1dShape = { ...windowing(spec), inChannels, outChannels, groups };
  const { kernelSize } = shape;
  const kernel = [outChannels, kernelSize, inChannels / groups];
  const turn = (numbers: ArrayLike<number>) => reverseTaps(numbers, kernel);
  const start = { fanIn: kernelSize * kernel[2], fanOut: (kernelSize * outChannels) / groups, rectified };
  const parameters: ParameterSpec[] = [{ name: 'weight', shape: kernel, start, pack: turn, unpack: turn }];
  if (bias) parameters.push({ name: 'bias', shape: [outChannels], start: 0 });
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace: windowPace(shape),
    macs: outChannels * kernelSize * kernel[2],
    bytes: 2 * lineCapacity(shape) * (4 * inChannels + 1),
    parameters,
    stream: (values, options) => new Conv1d(shape, values, options),
  };
}

/**
 * Convolution of many channels with many kernels, as a stream: equations (2), (4) and (5).
 *
 * With dilation 1 and one group a window is one run of the delay line and is read in place. Otherwise its K runs are
 * gathered first, so that one inner loop, and one order of summation, serves all shapes.
 *
 * The weights are the network's, read at every output: whoever changes them changes the next output. They are packed as
 * the line lies: rows [out][j], j = (K-1-k)·C/groups + c, oldest tap first.
 */
export class Conv1d extends WindowLayer {
  override readonly trained: readonly Trained[];
  readonly #shape: Conv1dShape;
  readonly #weight: Float32Array;
  readonly #bias: Float32Array | null;
  readonly #groupIn: number;
  readonly #groupOut: number;
  /** Samples in the window of one kernel: K · C / groups. */
  readonly #length: number;
  readonly #window: Float32Array | null;
  readonly #windowGradient: Float32Array | null;

  constructor(shape: Conv1dShape, values: readonly Float32Array[], options: LayerOptions) {
    super(shape, shape.inChannels, options);
    this.#shape = shape;
    this.#weight = values[0];
    this.#bias = values[1] ?? null;
    this.#groupIn = shape.inChannels / shape.groups;
    this.#groupOut = shape.outChannels / shape.groups;
    this.#length = shape.kernelSize * this.#groupIn;
    this.#window = shape.dilation === 1 && shape.groups === 1 ? null : new Float32Array(this.#length);
    this.#windowGradient = this.#window && new Float32Array(this.#length);
    this.trained = options.gradients ? [trained(values)] : [];
  }

  protected override forward(oldest: number, out: Float32Array, at: number): void {
    const length = this.#length;
    const kernels = this.#groupOut;
    for (let group = 0; group < this.#shape.groups; group++) {
      const kernel = group * kernels;
      const x = this.#windowOf(oldest, group);
      const from = this.#windowAt(oldest);
      convolveStep(x, from, this.#weight, kernel * length, length, this.#bias, kernel, kernels, out, at + kernel);
    }
  }

  protected override accumulate(oldest: number, g: Float32Array, at: number, line: GradientLine): void {
    const [sums] = this.trained;
    const [weightGradient, biasGradient] = sums.gradients;
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
      gradientStep(x, xAt, this.#weight, kernel * length, length, g, at + kernel, kernels, weightGradient, dx, dxAt);
      if (gathered) this.#scatter(gathered, line.data, line.offset(oldest), group);
      sums.energy += energyStep(x, xAt, length) / this.#shape.groups;
    }
    if (!this.#bias) return;
    for (let o = 0; o < biasGradient.length; o++) biasGradient[o] = Math.fround(biasGradient[o] + g[at + o]);
    sums.energy += 1;
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
