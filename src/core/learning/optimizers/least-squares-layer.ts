import { leastSquaresLayout, tileEntry, type LeastSquaresLayout } from '../../../kernels/plain/least-squares.ts';
import { invalid } from '../../check.ts';
import { clippedSquare } from '../../clipped-square.ts';
import type { ParameterGradients, Regression } from '../../layers/parameter-gradients.ts';
import type { Allocation } from '../../memory/allocation.ts';
import type { Engine } from '../../memory/engine.ts';
import { doublesIn, stateIn, type State } from '../../state/state.ts';
import { ChangeDetector } from './change-detector.ts';

/** Samples of a channel from which its mean and its power are measured before the first update. */
const measured = 4;
/** Initial regularization, and that of all probes together, relative to the power of an input. */
const initialPower = 1e-3;
const probePower = 1e-4;
/** Part of the memory 1 / (1 - λ) in which every input is probed once. */
const probeCycle = 1 / 2;
/** The same, relative to the mean power of all inputs, if layers below learn. */
const hiddenPower = 1;
/** Number of updates that the past counts as after a change. */
const keptUpdates = 0.1;
/** Number of updates over which the usual error and the usual energy are measured. */
const usualWindow = 100;

/**
 * Recursive least squares for one layer. All outputs share the inverse covariance P of the windows, in double precision. If
 * there is a bias, windows are centered on the mean of the first samples of each channel. Updates are followed by probes from
 * time to time: the window of one input, with a small weight and without an error, which keeps P bounded where the signal is flat.
 */
export class LeastSquaresLayer {
  readonly #engine: Engine;
  readonly #shape: Regression;
  /** Length of a window with the 1 of the bias. */
  readonly #size: number;
  readonly #forgetting: number;
  readonly #hidden: boolean;
  /** Number of updates per probe. */
  readonly #probeInterval: number;
  /** null: the past always fades at the same rate. */
  readonly #changes: ChangeDetector | null;
  /** Offset and layout of the state of the kernel. */
  readonly #at: number;
  readonly #layout: LeastSquaresLayout;
  /** The view of the state, and the view of the memory in which it is. */
  #view: Float64Array | null = null;
  #memory: Float32Array | null = null;
  /** Sums and squares of the first samples, and the running power, of every channel. */
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #power: Float64Array;
  /** Samples per channel that were measured, and whether P has been set. */
  #samples = 0;
  #started = false;
  #updates = 0;
  #meanError = 0;
  #meanEnergy = 0;
  /** Input of the next probe. */
  #probe = 0;

  /**
   * @param forgetting undefined: `defaultForgetting`
   * @param detectChanges whether the past is discounted after a change
   * @param hidden whether the inputs are the outputs of layers that learn. Such inputs have one unit, and some are silent for
   *   long; regularization relative to their own power would let the weights of those grow without limit
   */
  constructor(
    engine: Engine,
    allocation: Allocation,
    shape: Regression,
    { forgetting, hidden, detectChanges }: { forgetting: number | undefined; hidden: boolean; detectChanges: boolean },
  ) {
    const { length, channels, outputs, hasBias } = shape;
    this.#engine = engine;
    this.#shape = shape;
    this.#hidden = hidden;
    this.#size = length + (hasBias ? 1 : 0);
    this.#forgetting = forgetting ?? defaultForgetting(this.#size);
    this.#probeInterval = Math.max(1, Math.floor(probeCycle / (this.#size * (1 - this.#forgetting))));
    this.#changes =
      detectChanges && this.#forgetting < 1 ? new ChangeDetector(outputs, 1 / (1 - this.#forgetting)) : null;
    this.#layout = leastSquaresLayout(this.#size, outputs);
    this.#at = allocation.allocate(2 * this.#layout.length);
    this.#sums = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
    this.#power = new Float64Array(channels);
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.#updates;
  }

  /** Throws a TypeError if the layer has another shape than the one before. */
  checkShape({ length, outputs, hasBias }: Regression): void {
    if (length !== this.#shape.length || hasBias !== this.#shape.hasBias)
      throw invalid('weights of the network', `${this.#size} per output, as before`, length + (hasBias ? 1 : 0));
    if (outputs !== this.#shape.outputs)
      throw invalid('outputs of the network', `${this.#shape.outputs}, as before`, outputs);
  }

  /**
   * Makes one update, or measures the input at first.
   * @param gradient offset of the errors of all outputs
   * @param rate factor of the update
   */
  update(layer: ParameterGradients, window: number, gradient: number, rate: number): void {
    if (!this.#started && !this.#measure(window)) return;
    const { length, outputs, hasBias } = this.#shape;
    const { kernels, arena } = this.#engine;
    const { f32 } = arena;
    let square = 0;
    for (let o = 0; o < outputs; o++) square += f32[gradient + o] ** 2;
    const limited = clippedSquare(square, this.#meanError);
    const m = this.#doubles;
    this.#trackPower(m, window);
    this.#updates++;
    const probes = this.#updates % this.#probeInterval === 0;
    const probe = this.#probe;
    if (probes) this.#probe = (probe + 1) % this.#size;
    const part = square > limited ? rate * Math.sqrt(limited / square) : rate;
    const maxEnergy = clippedSquare(Infinity, this.#meanEnergy);
    const scale = m[this.#layout.factors];
    const den = kernels.leastSquares(
      this.#at,
      window,
      length,
      gradient,
      outputs,
      layer.values[0].at,
      hasBias ? layer.values[1].at : 0,
      part,
      this.#forgetting,
      maxEnergy,
      probe,
      probes ? this.#probeInterval * (1 - this.#forgetting) * this.#size * this.#regularization(probe, probePower) : 0,
    );
    const energy = m[this.#layout.factors + 3];
    const n = Math.min(this.#updates, usualWindow);
    this.#meanError += (limited - this.#meanError) / n;
    this.#meanEnergy += (clippedSquare(energy, this.#meanEnergy) - this.#meanEnergy) / n;
    if (!(den > 0 && den < Infinity)) this.#setCovariance();
    else if (this.#changes) {
      const noise = this.#forgetting * Math.max(1, energy / maxEnergy);
      this.#detectChange(this.#changes, gradient, part, scale, den, noise);
    }
  }

  save(): State {
    return {
      counts: Float64Array.of(
        this.#samples,
        Number(this.#started),
        this.#updates,
        this.#meanError,
        this.#meanEnergy,
        this.#probe,
      ),
      sums: this.#sums.slice(),
      squares: this.#squares.slice(),
      power: this.#power.slice(),
      p: this.#doubles.slice(),
      ...(this.#changes && { changes: this.#changes.save() }),
    };
  }

  restore(state: State): void {
    const { length: channels } = this.#sums;
    const counts = doublesIn(state, 'counts', 6);
    [this.#samples, , this.#updates, this.#meanError, this.#meanEnergy, this.#probe] = counts;
    this.#started = counts[1] === 1;
    this.#sums.set(doublesIn(state, 'sums', channels));
    this.#squares.set(doublesIn(state, 'squares', channels));
    this.#power.set(doublesIn(state, 'power', channels));
    this.#doubles.set(doublesIn(state, 'p', this.#layout.length));
    this.#changes?.restore(stateIn(state, 'changes'));
  }

  /** Measures the mean and the power of every channel in the first windows. Returns whether P could be set. */
  #measure(window: number): boolean {
    const { f32 } = this.#engine.arena;
    const { channels, length, hasBias } = this.#shape;
    const from = this.#samples === 0 ? 0 : length - channels;
    for (let j = from; j < length; j++) {
      const sample = f32[window + j];
      this.#sums[j % channels] += sample;
      this.#squares[j % channels] += sample * sample;
    }
    this.#samples += (length - from) / channels;
    if (this.#samples < measured) return false;
    let most = 0;
    for (let c = 0; c < channels; c++) {
      const mean = hasBias ? this.#sums[c] / this.#samples : 0;
      const square = this.#squares[c] / this.#samples - mean * mean;
      // below this, the difference of the squares is rounding
      this.#power[c] = square > 1e-12 * mean * mean ? square : 0;
      if (this.#power[c] > most) most = this.#power[c];
    }
    if (most === 0) return false;
    for (let j = 0; hasBias && j < length; j++) this.#doubles[j] = this.#sums[j % channels] / this.#samples;
    for (let c = 0; c < channels; c++) this.#power[c] ||= most;
    for (let j = 0; j < length; j++) this.#doubles[this.#layout.inversePower + j] = 1 / this.#power[j % channels];
    this.#setCovariance();
    return (this.#started = true);
  }

  /** Discounts the past after a change. The arguments are those of the update: den = noise + scale uᵀk. */
  #detectChange(
    changes: ChangeDetector,
    gradient: number,
    rate: number,
    scale: number,
    den: number,
    noise: number,
  ): void {
    const { kernels, arena } = this.#engine;
    const { difference, vectors, factors } = this.#layout;
    const error = changes.combine(arena.f32, gradient);
    const fast = scale * changes.fastFactor;
    const fastError = kernels.followError(
      this.#at + 2 * difference,
      this.#at + 2 * vectors,
      (this.#size + 1) & ~1,
      error,
      (rate * scale) / den,
      fast / (noise + changes.fastFactor * (den - noise)),
    );
    if (!changes.add(error, fastError)) return;
    const m = this.#doubles;
    m[factors] *= Math.max(1, 1 / ((1 - this.#forgetting) * keptUpdates));
    m.fill(0, difference, vectors);
  }

  #setCovariance(): void {
    this.#changes?.restart();
    const m = this.#doubles;
    const { difference, factors, biases, tiles } = this.#layout;
    m.fill(0, difference, biases).fill(0, tiles);
    m[factors] = 1;
    for (let j = 0; j < this.#size; j++) m[tiles + tileEntry(j, j)] = 1 / this.#regularization(j, initialPower);
  }

  /** The regularization of an input; `share` is that of its own power. The bias has power 1. */
  #regularization(input: number, share: number): number {
    const { length, channels } = this.#shape;
    if (input >= length) return this.#hidden ? hiddenPower : share;
    if (!this.#hidden) return share * this.#power[input % channels];
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += this.#power[c];
    return (hiddenPower * sum) / channels;
  }

  /** Tracks the power of the channels in the newest frame of a window, and renews the inverse powers of one of its frames. */
  #trackPower(m: Float64Array, window: number): void {
    const { length, channels } = this.#shape;
    const { f32 } = this.#engine.arena;
    const newest = length - channels;
    const renewed = this.#layout.inversePower + ((this.#updates * channels) % length);
    for (let c = 0; c < channels; c++) {
      const square = (f32[window + newest + c] - m[newest + c]) ** 2;
      this.#power[c] += (1 - this.#forgetting) * (clippedSquare(square, this.#power[c]) - this.#power[c]);
      m[renewed + c] = 1 / this.#power[c];
    }
  }

  /** The state of the kernel. */
  get #doubles(): Float64Array {
    const { f32 } = this.#engine.arena;
    if (!this.#view || this.#memory !== f32) {
      this.#memory = f32;
      this.#view = new Float64Array(f32.buffer, 4 * this.#at, this.#layout.length);
    }
    return this.#view;
  }
}

/**
 * Returns the default forgetting factor for `size` weights per output. Errors of forecasts over a horizon are correlated, so that
 * more of them are needed.
 */
export function defaultForgetting(size: number, horizon = 1): number {
  return 1 - 1 / (16 * size * Math.sqrt(horizon));
}
