/** Taps of the forecast's kernel, in frames back, and their number together with the tap one day back. */
export const lags = 4;
export const taps: number = lags + 1;
/** Categories of the time of day. */
export const dayBins = 12;

/** Doubles before the work area: the positions at the taps, newest first, then the one a day back; -1 = none. */
export const forecastHead: number = taps + 1;

/** Number of weights: W and D [taps, bins, bins], H [day bins, bins], an idle row, and β [bins]. */
export function forecastWeights(bins: number): number {
  return (taps * bins + dayBins + 2) * bins;
}

/** Size of the state of the `forecast` kernel in numbers (float32): positions, a work area [bins], and the weights. */
export function forecastSize(bins: number): number {
  return 2 * (forecastHead + bins + forecastWeights(bins));
}
