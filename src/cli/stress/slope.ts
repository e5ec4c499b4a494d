/** A slope with its 95 % confidence interval. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Fewest values for an interval. */
const minValues = 8;

/**
 * Fits a line to values at times by least squares. The interval accounts for correlated values, such as memory between two garbage
 * collections: Newey-West standard error with a Bartlett kernel of 1.3 √n values, and the critical value of fixed-b asymptotics.
 * Infinite for fewer than 8 values.
 *
 * Sources: W. K. Newey and K. D. West, Econometrica 55 (1987); N. M. Kiefer and T. J. Vogelsang, Econometric Theory 21 (2005);
 * E. Lazarus et al., Journal of Business & Economic Statistics 36 (2018).
 */
export function slopeOf(times: readonly number[], values: readonly number[]): Slope {
  const n = values.length;
  const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / n;
  const [meanTime, meanValue] = [mean(times), mean(values)];
  const x = times.map((time) => time - meanTime);
  const squares = x.reduce((sum, each) => sum + each * each, 0);
  const slope = x.reduce((sum, each, i) => sum + each * (values[i] - meanValue), 0) / squares;
  if (n < minValues) return { slope, low: -Infinity, high: Infinity };
  const scores = x.map((each, i) => each * (values[i] - meanValue - slope * each));
  const lags = Math.ceil(1.3 * Math.sqrt(n));
  let sum = 0;
  for (let lag = 0; lag < lags; lag++) {
    let products = 0;
    for (let i = lag; i < n; i++) products += scores[i] * scores[i - lag];
    sum += (lag === 0 ? 1 : 2 * (1 - lag / lags)) * products;
  }
  const error = Math.sqrt(((n / (n - 2)) * sum) / squares ** 2);
  const margin = critical(lags / n) * error;
  return { slope, low: slope - margin, high: slope + margin };
}

/** The 97.5 % quantile for a Bartlett kernel over a share `b` of the values (Kiefer and Vogelsang 2005, table 1). */
function critical(b: number): number {
  return 1.96 + 2.9694 * b + 0.416 * b ** 2 - 0.5324 * b ** 3;
}
