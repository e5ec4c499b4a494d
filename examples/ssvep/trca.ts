import { bandWeight } from './cca.ts';
import { dot, maximizeRatio, type Matrix } from './symmetric.ts';
import type { Signal } from './trials.ts';

/** A trial in every sub-band, with the covariances of its channels. */
export interface Example {
  /** Without the mean of each channel, [band][channel][frame]. */
  bands: readonly Signal[];
  /** Σ_t x xᵀ, [band][channel][channel] */
  covariances: readonly Matrix[];
}

export function example(signals: readonly Signal[]): Example {
  const bands = signals.map((signal) => signal.map(withoutMean));
  return { bands, covariances: bands.map(covariance) };
}

function withoutMean(channel: Float64Array): Float64Array {
  let sum = 0;
  for (const x of channel) sum += x;
  return channel.map((x) => x - sum / channel.length);
}

/**
 * Task-related component analysis (M. Nakanishi and others, "Enhancing detection of SSVEPs for a high-speed brain speller using
 * task-related component analysis", 2018). The spatial filter of a light maximizes the covariance between different trials of
 * this light relative to the total covariance:
 *
 *     w = argmax wᵀSw / wᵀQw,   S = Σ_(h≠i) X_h X_iᵀ = (Σ X)(Σ X)ᵀ - Q,   Q = Σ X_h X_hᵀ
 *
 * A trial is compared with the sum of the trials of each light, after both are filtered: `ensemble` uses the filters of all lights
 * together. `training` is [light][trial]. Returns a function that computes the score of a light for a trial.
 */
export function trca(training: readonly (readonly Example[])[], { ensemble }: { ensemble: boolean }) {
  const models = training[0][0].bands.map((_, band) => {
    const trained = training.map((trials) => train(trials, band));
    return trained.map(({ filter, template }) => {
      const filters = ensemble ? trained.map((each) => each.filter) : [filter];
      return { filters, expected: filters.map((w) => filtered(template, w)) };
    });
  });
  return (trial: Example, light: number): number =>
    models.reduce((sum, lights, band) => {
      const { filters, expected } = lights[light];
      const outputs = filters.map((w) => filtered(trial.bands[band], w));
      return sum + bandWeight(band) * correlation(outputs, expected);
    }, 0);
}

/** The spatial filter, [channel], and the sum of the trials, [channel][frame], in one sub-band. */
function train(trials: readonly Example[], band: number): { filter: Float64Array; template: Signal } {
  const template = total(trials.map(({ bands }) => bands[band]));
  const q = total(trials.map(({ covariances }) => covariances[band]));
  const s = covariance(template).map((row, i) => row.map((each, j) => each - q[i][j]));
  return { filter: maximizeRatio(s, q), template };
}

/** The sum of arrays of the same shape. */
function total(arrays: readonly Signal[]): Float64Array[] {
  const sum = arrays[0].map((row) => row.slice());
  for (const array of arrays.slice(1))
    array.forEach((row, i) => {
      for (let j = 0; j < row.length; j++) sum[i][j] += row[j];
    });
  return sum;
}

function covariance(x: Signal): Matrix {
  const rows = x.map(() => new Float64Array(x.length));
  for (let i = 0; i < x.length; i++) for (let j = 0; j <= i; j++) rows[i][j] = rows[j][i] = dot(x[i], x[j]);
  return rows;
}

/** The sum of the channels of x weighted by w, [frame]. */
function filtered(x: Signal, w: Float64Array): Float64Array {
  const sum = new Float64Array(x[0].length);
  for (const [c, channel] of x.entries()) for (let t = 0; t < sum.length; t++) sum[t] += w[c] * channel[t];
  return sum;
}

/** The correlation of two signals without mean over all channels and frames. */
function correlation(a: Signal, b: Signal): number {
  const product = (x: Signal, y: Signal) => x.reduce((sum, channel, c) => sum + dot(channel, y[c]), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
