/** Number of taps for the last frames, and number of taps including the one for the frame one day earlier. */
export const lags = 4;
export const taps: number = lags + 1;
/** Number of categories of the time of day. */
export const dayBins = 12;

/**
 * Number of doubles before the work area. They contain the positions at the taps: the newest frame first, the frame one
 * day earlier last; -1 = none.
 */
export const forecastHead: number = taps + 1;

/**
 * Number of weights: W and D [taps, bins, bins], H [day bins, bins], a row of zeros for taps without a sample, and β
 * [bins].
 */
export function forecastWeights(bins: number): number {
  return (taps * bins + dayBins + 2) * bins;
}

/** Size of the state of the `forecast` kernel in numbers (float32): positions, a work area [bins], and the weights. */
export function forecastSize(bins: number): number {
  return 2 * (forecastHead + bins + forecastWeights(bins));
}
