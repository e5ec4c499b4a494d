/** A slope with its 95 % confidence interval. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

/** Number of parts whose means are compared, and the 97.5 % quantile of Student's t for 2 degrees of freedom fewer. */
const parts = 10;
const quantile = 2.306;

/**
 * Fits a line to values at equally spaced times by least squares. Successive values, such as memory between two garbage collections, are
 * not independent. The interval is therefore that of a line through the means of ten parts, which are nearly independent if a part is
 * much longer than the correlation lasts. It is infinite for fewer than 20 values.
 *
 * Source: R. Ibragimov and U. K. Müller, t-statistic based correlation and heterogeneity robust inference, Journal of Business &
 * Economic Statistics 28 (2010), on inference from means of parts.
 */
export function slopeOf(times: readonly number[], values: readonly number[]): Slope {
  const { slope } = line(times, values);
  if (values.length < 2 * parts) return { slope, low: -Infinity, high: Infinity };
  const means = (list: readonly number[]) => Array.from({ length: parts }, (_, part) => mean(partOf(list, part)));
  const margin = quantile * line(means(times), means(values)).error;
  return { slope, low: slope - margin, high: slope + margin };
}

function partOf(list: readonly number[], part: number): readonly number[] {
  return list.slice(Math.floor((part * list.length) / parts), Math.floor(((part + 1) * list.length) / parts));
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, x) => sum + x, 0) / list.length;
}

/** The slope of a line by least squares, and its standard error for independent values. */
function line(times: readonly number[], values: readonly number[]): { slope: number; error: number } {
  const [meanTime, meanValue] = [mean(times), mean(values)];
  const x = times.map((time) => time - meanTime);
  const squares = x.reduce((sum, each) => sum + each * each, 0);
  const slope = x.reduce((sum, each, i) => sum + each * (values[i] - meanValue), 0) / squares;
  const residuals = x.reduce((sum, each, i) => sum + (values[i] - meanValue - slope * each) ** 2, 0);
  return { slope, error: Math.sqrt(residuals / (values.length - 2) / squares) };
}
