/** The learner and the baselines it is compared with, in the order of the error sums. */
export const predictors: readonly string[] = ['learner', 'persistence', 'movingAverage', 'powerLine'];
/** Row of the error sums of the emitted predictions, which exists after `splitEmitted`. */
export const emittedRow: number = predictors.length;

/** Returns squared errors with a row added for the emitted predictions, a copy of the first row. */
export function withEmittedRow(squares: Float64Array, channels: number): Float64Array {
  const extended = new Float64Array((emittedRow + 1) * channels);
  extended.set(squares);
  extended.copyWithin(emittedRow * channels, 0, channels);
  return extended;
}
