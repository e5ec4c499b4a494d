/** Fraction of the samples at either end that may be outliers. */
const outlierFraction = 0.01;
/** Samples beyond the others by more than this many times their range are outliers. */
const reach = 4;
/** Below this many samples, outliers must be farther away, because the range of few samples is often small by chance. */
const few = 100;

/**
 * The range of `count` sorted samples without outliers: samples among the lowest or the highest 1 % (at least one sample)
 * that are far away from the others. A range that is otherwise empty keeps them.
 */
export function robustRange(sorted: ArrayLike<number>, count: number): [low: number, high: number] {
  const last = count - 1;
  const tail = Math.ceil(outlierFraction * last);
  const [min, max, low, high] = [sorted[0], sorted[last], sorted[tail], sorted[last - tail]];
  const limit = reach * (1 + few / count) * (high - low);
  if (!(limit > 0)) return [min, max];
  return [min < low - limit ? low : min, max > high + limit ? high : max];
}
