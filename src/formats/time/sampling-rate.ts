/**
 * The sampling rate in Hz that time steps (ms) imply: 1000 divided by the mean of the steps that differ from the median by at
 * most half of it, so that rounding to ms does not bias it. Rates within 0.1 % of a whole number of Hz, or periods within
 * 0.1 % of a whole number of seconds, are rounded. NaN if the median step is not > 0.
 */
export function inferRate(steps: Float64Array): number {
  const median = quantileOf(steps, 0.5);
  if (!(median > 0)) return NaN;
  const typical = steps.filter((step) => Math.abs(step - median) <= median / 2);
  const mean = typical.reduce((sum, step) => sum + step, 0) / typical.length;
  return mean > 1000 ? 1 / rounded(mean / 1000) : rounded(1000 / mean);
}

/**
 * Whether time steps (ms) are regular at `rate`: at least 80 % of them differ from its period by less than half of it. Only
 * then do they show missing frames; timestamps that repeat or come in bursts do not.
 */
export function isRegular(steps: Float64Array, rate: number): boolean {
  const step = 1000 / rate;
  return steps.filter((each) => Math.abs(each - step) < step / 2).length >= 0.8 * steps.length;
}

/** Whether at least 80 % of the time steps (ms) are at least one period of `rate` long, rounded. */
export function arePeriods(steps: Float64Array, rate: number): boolean {
  return steps.filter((step) => step * rate > 500).length >= 0.8 * steps.length;
}

/**
 * The smallest time step > 0 in ms if all others are multiples of it, as those of times that are rounded to seconds or minutes;
 * undefined if they are not, as those of packets.
 */
export function resolutionOf(steps: Float64Array): number | undefined {
  const positive = steps.filter((step) => step > 0);
  const least = positive.reduce((smallest, step) => Math.min(smallest, step), Infinity);
  return positive.length > 0 && positive.every((step) => Math.abs(step / least - Math.round(step / least)) < 1e-6)
    ? least
    : undefined;
}

/** The range of the middle 80 % of steps (ms) in s: `10 to 300`. */
export function usualSteps(steps: Float64Array): string {
  return [0.1, 0.9].map((share) => Number((quantileOf(steps, share) / 1000).toPrecision(3))).join(' to ');
}

/** A quantile; NaN if there are no numbers. */
function quantileOf(numbers: Float64Array, share: number): number {
  return (
    numbers
      .slice()
      .sort()
      .at(Math.floor(share * numbers.length)) ?? NaN
  );
}

/** `number`, or the nearest integer if it is within 0.1 % of it. */
function rounded(number: number): number {
  const near = Math.round(number);
  return near > 0 && Math.abs(number - near) <= number / 1000 ? near : number;
}
