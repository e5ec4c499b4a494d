import { integer, invalid, positive } from '../check.ts';
import { gabor, type GaborPair } from './gabor.ts';

/** Frequency bands by name: [low, high] in Hz. */
export type Bands = Readonly<Record<string, readonly [lowHz: number, highHz: number]>>;

/** The standard EEG frequency bands, in Hz. */
export const eegBands: Readonly<Record<'delta' | 'theta' | 'alpha' | 'beta' | 'gamma', readonly [number, number]>> = {
  delta: [1, 4],
  theta: [4, 8],
  alpha: [8, 13],
  beta: [13, 30],
  gamma: [30, 45],
};

/** Options of `eegBank`. */
export interface EegBankOptions<B extends Bands = typeof eegBands> {
  /** Sampling rate in Hz. */
  rate: number;
  /** Default: `eegBands`. */
  bands?: B;
  /** Kernel size. Default: what the narrowest band requires, three standard deviations on each side. */
  taps?: number;
}

/**
 * Creates one Gabor pair per band, by the band's name. Gain 1 at the center of the band and 0.5 (-6 dB) at its edges.
 *
 * All kernels have the same size and center, so all bands refer to the same moment, (taps - 1) / 2 frames ago: 0.38 s
 * for the standard bands. Each kernel sums to exactly 0, also in float32 and in any order (see `gabor`), so the offset of
 * an electrode has no effect. Throws RangeError for a band outside 0 … rate / 2.
 */
export function eegBank<B extends Bands = typeof eegBands>(options: EegBankOptions<B>): Record<keyof B, GaborPair> {
  const rate = positive('rate', options.rate, 'Hz');
  const bands: Bands = options.bands ?? eegBands;
  const entries = Object.entries(bands);
  if (entries.length === 0) throw invalid('bands', 'at least one band', bands);
  for (const [name, band] of entries) checkBand(`bands.${name}`, band, rate);
  const pair = ([low, high]: readonly [number, number], taps?: number): GaborPair =>
    gabor((low + high) / 2, { rate, bandwidthHz: high - low, taps });
  const taps =
    options.taps === undefined
      ? Math.max(...entries.map(([, band]) => pair(band).cos.length))
      : integer('taps', options.taps, 3);
  return Object.fromEntries(entries.map(([name, band]) => [name, pair(band, taps)])) as Record<keyof B, GaborPair>;
}

function checkBand(name: string, band: readonly [number, number], rate: number): void {
  const [low, high] = Array.isArray(band) ? (band as [unknown, unknown]) : [undefined, undefined];
  if (typeof low !== 'number' || typeof high !== 'number') throw invalid(name, '[low, high] in Hz', band, TypeError);
  if (!(low >= 0 && low < high && high <= rate / 2))
    throw invalid(name, `[low, high] with 0 <= low < high <= ${rate / 2} Hz (half the sampling rate)`, band);
}
