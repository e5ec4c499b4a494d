/**
 * The rate that stamps (ms) tell, in Hz: 1000 over the mean of those steps that lie within half a step of the median
 * one, so that stamps rounded to ms do not bend it; put on a whole Hz or a whole second where it is within 0.1 % of one.
 * NaN where the median step is not > 0.
 */
export function inferRate(times: readonly number[]): number {
  const steps = stepsOf(times);
  const median = quantileOf(steps, 0.5);
  if (!(median > 0)) return NaN;
  const usual = steps.filter((step) => Math.abs(step - median) <= median / 2);
  const mean = usual.reduce((sum, step) => sum + step, 0) / usual.length;
  return mean > 1000 ? 1 / whole(mean / 1000) : whole(1000 / mean);
}

/**
 * Whether stamps keep step with `rate`: at least four steps in five lie within half a step of it. Only then do they tell
 * where frames are missing; stamps that repeat or come in bursts do not.
 */
export function isSteady(times: readonly number[], rate: number): boolean {
  const step = 1000 / rate;
  const steps = stepsOf(times);
  return steps.filter((each) => Math.abs(each - step) < step / 2).length >= 0.8 * steps.length;
}

/** Whether stamps run backwards, as those of tables whose newest row stands first. */
export function isNewestFirst(times: readonly number[]): boolean {
  return quantileOf(stepsOf(times), 0.5) < 0;
}

/** How long four steps in five are, in s: `10 to 300`. */
export function usualSteps(times: readonly number[]): string {
  const steps = stepsOf(times);
  return [0.1, 0.9].map((share) => Number((quantileOf(steps, share) / 1000).toPrecision(3))).join(' to ');
}

/** NaN of none. */
function quantileOf(numbers: readonly number[], share: number): number {
  return [...numbers].sort((a, b) => a - b).at(Math.floor(share * numbers.length)) ?? NaN;
}

function stepsOf(times: readonly number[]): number[] {
  return times
    .slice(1)
    .map((time, before) => time - times[before])
    .filter((step) => !Number.isNaN(step));
}

function whole(number: number): number {
  const near = Math.round(number);
  return near > 0 && Math.abs(number - near) <= number / 1000 ? near : number;
}
