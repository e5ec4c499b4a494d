import { triangleLength } from '../../../kernels/plain/least-squares.ts';
import { invalid, positive } from '../../check.ts';
import { clippedSquare } from '../../clipped-square.ts';
import type { ParameterGradients, Regression } from '../../layers/parameter-gradients.ts';
import type { Allocation } from '../../memory/allocation.ts';
import type { Engine } from '../../memory/engine.ts';
import type { NetworkStream } from '../../network/network-stream.ts';
import type { Network } from '../../network/network.ts';
import { doublesIn, numberIn, stateIn, type State } from '../../state/state.ts';
import { learningRateOf, type TunableOptimizer } from './optimizer.ts';

/** Options of `rls`. */
export interface RlsOptions {
  /**
   * Forgetting factor λ, 0.9 … 1: an error counts 1/e after 1 / (1 - λ) updates. Default: 16 updates per weight of an output,
   * 1 - 1 / (16 n), which raises the error in noise by 0.13 dB.
   */
  forgetting?: number;
  /** Factor of the weight changes, > 0. Default 1; smaller values are not least squares. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
}

/** Samples of a channel from which its mean and its power are measured before the first update. */
const measured = 4;
/** The inverse covariance starts at 1 / (this × power of the input). */
const initialPower = 1e-6;
/** Power of the probes, as a share of the power of the input. */
const probePower = 1e-4;
/** Power of a channel that is flat at first, as a share of the largest one. */
const flatPower = 1e-6;
/** Number of updates over which the usual error and the usual energy are measured. */
const errorWindow = 100;

/**
 * Creates a recursive least squares optimizer, for a network whose only trained layer is its only layer, a convolution with one
 * group and without dilation, and the loss 'squared' or 'huber'. All outputs share one inverse covariance P of the windows u,
 * in double precision:
 *
 *     k = P u / (λ + uᵀ P u)        w ← w - e k        P ← (P - k uᵀ P) / λ
 *
 * It converges in a few multiples of the number of weights per output, whatever the amplitudes and correlations of the
 * channels. The work per update is the square of that number. With a bias, windows are centered on the first mean of each
 * channel, so that an offset does not matter. After every update, the window of one input is added with a small weight and
 * without an error (probe), so that P stays bounded where the signal is flat. Windows and errors of more than 10 times the usual
 * amplitude count as 10 times.
 *
 * Sources: Haykin, Adaptive Filter Theory, ch. 10; Gunnarsson, Combining Tracking and Regularization in Recursive Least
 * Squares Identification, 1996.
 */
export function rls(options: RlsOptions = {}): TunableOptimizer {
  const { forgetting } = options;
  if (forgetting !== undefined && !(forgetting >= 0.9 && forgetting <= 1))
    throw invalid('forgetting', 'a number from 0.9 to 1', forgetting);
  return new Rls(forgetting, positive('learningRate', learningRateOf(options) ?? 1));
}

/**
 * Returns the default forgetting factor for `size` weights per output. Errors of forecasts over a horizon are correlated, so that
 * more of them are needed.
 */
export function defaultForgetting(size: number, horizon = 1): number {
  return 1 - 1 / (16 * size * Math.sqrt(horizon));
}

/** The numbers of a running optimizer, in double precision. */
interface Running {
  readonly layer: Regression;
  /** Length of a window with the 1 of the bias. */
  readonly size: number;
  readonly forgetting: number;
  /** Offset of the state of the kernel, and its length in numbers of float64. */
  readonly at: number;
  readonly length: number;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
  readonly power: Float64Array;
}

class Rls implements TunableOptimizer {
  readonly recomputes = true;
  learningRate: number;
  readonly #start: number;
  readonly #forgetting: number | undefined;
  #engine: Engine | null = null;
  #allocation: Allocation | null = null;
  #running: Running | null = null;
  #restored: State | null = null;
  /** Samples per channel that were measured, and whether P has been set. */
  #samples = 0;
  #started = false;
  #updates = 0;
  #meanError = 0;
  #meanEnergy = 0;
  #view: Float64Array | null = null;
  /** Input of the next probe. */
  #probe = 0;
  /** The layer and the factor of the learning rate of the current step. */
  #layer: ParameterGradients | null = null;
  #part = 1;
  readonly #solve = (window: number, gradient: number): void => {
    const running = this.#running!;
    if (this.#started || this.#measure(running, window))
      this.#update(running, this.#layer!, window, gradient, this.#part);
  };

  constructor(forgetting: number | undefined, learningRate: number) {
    this.#forgetting = forgetting;
    this.learningRate = learningRate;
    this.#start = learningRate;
  }

  get rate(): number {
    return this.learningRate;
  }

  set rate(learningRate: number) {
    this.learningRate = learningRate;
  }

  step(network: Network, stream: NetworkStream, part = 1): void {
    if ((stream as NetworkStream | undefined)?.network !== network)
      throw new TypeError('stream must be a stream of network, got one of another network');
    stream.checkOpen();
    const [layer] = stream.stack.trained;
    if (!layer.regression)
      throw new TypeError('network must have one layer, a conv1d with one group, for optimizer rls');
    this.#runningOn(network.engine, layer.regression);
    network.changes.version++;
    this.#layer = layer;
    this.#part = part;
    layer.solve(this.#solve);
  }

  save(): State {
    const { learningRate } = this;
    if (!this.#running) return this.#restored ? { ...this.#restored, rate: learningRate } : { rate: learningRate };
    const { sums, squares, power } = this.#running;
    const p = this.#doubles(this.#running).slice();
    const counts = Float64Array.of(
      this.#samples,
      Number(this.#started),
      this.#updates,
      this.#meanError,
      this.#meanEnergy,
      this.#probe,
    );
    return {
      rate: learningRate,
      memory: { counts, sums: sums.slice(), squares: squares.slice(), power: power.slice(), p },
    };
  }

  restore(state: State): void {
    this.learningRate = positive('state.rate', numberIn(state, 'rate'));
    if (this.#allocation && this.#engine) this.#engine.release(this.#allocation);
    this.#allocation = this.#engine = this.#running = this.#view = null;
    this.#restored = 'memory' in state ? state : null;
    const [samples, started, updates, meanError, meanEnergy, probe] =
      'memory' in state ? doublesIn(stateIn(state, 'memory'), 'counts', 6) : [0, 0, 0, 0, 0, 0];
    this.#samples = samples;
    this.#started = started === 1;
    this.#updates = updates;
    this.#meanError = meanError;
    this.#meanEnergy = meanEnergy;
    this.#probe = probe;
  }

  fresh(): TunableOptimizer {
    return new Rls(this.#forgetting, this.#start);
  }

  #runningOn(engine: Engine, layer: Regression): Running {
    if (this.#engine && this.#engine !== engine)
      throw new TypeError('network must be on the same engine as before, got one on another engine');
    if (this.#running) {
      if (this.#running.layer.length !== layer.length || this.#running.layer.hasBias !== layer.hasBias)
        throw invalid('weights of the network', `${this.#running.size} per output, as before`, layer.length);
      return this.#running;
    }
    const { channels, hasBias } = layer;
    const size = layer.length + (hasBias ? 1 : 0);
    const even = (size + 1) & ~1;
    const length = 4 * even + triangleLength(size);
    this.#engine = engine;
    this.#allocation = engine.allocationFor(this);
    const at = this.#allocation.allocate(2 * length);
    const numbers = () => new Float64Array(channels);
    this.#running = {
      layer,
      size,
      forgetting: this.#forgetting ?? defaultForgetting(size),
      at,
      length,
      sums: numbers(),
      squares: numbers(),
      power: numbers(),
    };
    if (this.#restored) {
      const memory = stateIn(this.#restored, 'memory');
      this.#running.sums.set(doublesIn(memory, 'sums', channels));
      this.#running.squares.set(doublesIn(memory, 'squares', channels));
      this.#running.power.set(doublesIn(memory, 'power', channels));
      this.#doubles(this.#running).set(doublesIn(memory, 'p', length));
    }
    return this.#running;
  }

  /** Measures the mean and the power of every channel in the first windows. Returns whether P could be set. */
  #measure(running: Running, window: number): boolean {
    const { layer, sums, squares, power } = running;
    const { f32 } = this.#engine!.arena;
    const { channels } = layer;
    const from = this.#samples === 0 ? 0 : layer.length - channels;
    for (let j = from; j < layer.length; j++) {
      const sample = f32[window + j];
      sums[j % channels] += sample;
      squares[j % channels] += sample * sample;
    }
    this.#samples += (layer.length - from) / channels;
    if (this.#samples < measured) return false;
    let most = 0;
    for (let c = 0; c < channels; c++) {
      const mean = layer.hasBias ? sums[c] / this.#samples : 0;
      const square = squares[c] / this.#samples - mean * mean;
      // below this, the difference of the squares is rounding
      power[c] = square > 1e-12 * mean * mean ? square : 0;
      if (power[c] > most) most = power[c];
    }
    if (most === 0) return false;
    const m = this.#doubles(running);
    for (let c = 0; c < channels; c++) power[c] ||= flatPower * most;
    for (let j = 0; layer.hasBias && j < layer.length; j++) m[j] = sums[j % channels] / this.#samples;
    this.#setCovariance(running);
    this.#started = true;
    return true;
  }

  #setCovariance(running: Running): void {
    const { layer, size, power } = running;
    const m = this.#doubles(running);
    const triangle = 4 * ((size + 1) & ~1);
    m.fill(0, triangle);
    for (let j = 0; j < size; j++)
      m[triangle + triangleLength(j) + j] = 1 / (initialPower * (j < layer.length ? power[j % layer.channels] : 1));
  }

  #update(running: Running, layer: ParameterGradients, window: number, gradient: number, part: number): void {
    const { size, power, at, forgetting } = running;
    const { length, channels, outputs, hasBias } = running.layer;
    const { kernels, arena } = this.#engine!;
    const { f32 } = arena;
    let square = 0;
    for (let o = 0; o < outputs; o++) square += f32[gradient + o] ** 2;
    const energy = this.#measureWindow(running, window);
    const [limited, usual] = [clippedSquare(square, this.#meanError), clippedSquare(energy, this.#meanEnergy)];
    const n = Math.min(++this.#updates, errorWindow);
    this.#meanError += (limited - this.#meanError) / n;
    this.#meanEnergy += (usual - this.#meanEnergy) / n;
    const scale = square > limited ? Math.sqrt(limited / square) : 1;
    const probe = this.#probe;
    this.#probe = (probe + 1) % size;
    const probed = probe < length ? power[probe % channels] : 1;
    const den = kernels.leastSquares(
      at,
      window,
      length,
      gradient,
      outputs,
      layer.values[0].at,
      hasBias ? layer.values[1].at : 0,
      this.learningRate * part * scale,
      forgetting,
      energy > usual ? usual / energy : 1,
      probe,
      (1 - forgetting) * size * probePower * probed,
    );
    if (!(den > 0 && den < Infinity)) this.#setCovariance(running);
  }

  /** Tracks the power of the channels. Returns the energy of a window relative to them. */
  #measureWindow(running: Running, window: number): number {
    const { layer, power, forgetting } = running;
    const { f32 } = this.#engine!.arena;
    const m = this.#doubles(running);
    const first = layer.length - layer.channels;
    for (let c = 0; c < layer.channels; c++) {
      const square = (f32[window + first + c] - m[first + c]) ** 2;
      power[c] += (1 - forgetting) * (clippedSquare(square, power[c]) - power[c]);
    }
    let energy = 0;
    for (let j = 0, c = 0; j < layer.length; j++) {
      energy += (f32[window + j] - m[j]) ** 2 / power[c];
      if (++c === layer.channels) c = 0;
    }
    return energy;
  }

  /** The state of the kernel. */
  #doubles({ at, length }: Running): Float64Array {
    const { buffer } = this.#engine!.arena.f32;
    if (this.#view?.buffer !== buffer) this.#view = new Float64Array(buffer, 4 * at, length);
    return this.#view;
  }
}
