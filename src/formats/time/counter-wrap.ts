/** Values after which counters of devices start again at 0: 16 bits, ticks_ms() of MicroPython, millis() and micros(). */
const wraps = [2 ** 16, 2 ** 30, 2 ** 32];
/** Number of median steps that a counter may advance while it wraps. */
const maxSteps = 10;

/** A counter without wraps, and the value at which it wrapped. */
export interface Unwrapped {
  readonly numbers: Float64Array;
  readonly wrap: number;
}

/**
 * Continues a counter of integers beyond the value at which it starts again at 0. Returns undefined if it does not wrap, or
 * goes back anywhere else.
 *
 *     4294967286, 4294967291, 0, 5   →   4294967286, 4294967291, 4294967296, 4294967301
 *
 * @param numbers NaN where unknown
 */
export function unwrapCounter(numbers: Float64Array): Unwrapped | undefined {
  const known = numbers.filter((number) => !Number.isNaN(number));
  const steps = known.subarray(1).map((number, i) => number - known[i]);
  if (!steps.some((step) => step < 0) || !known.every((number) => Number.isInteger(number) && number >= 0))
    return undefined;
  const forward = steps.filter((step) => step > 0).sort();
  const most = maxSteps * (forward.at(Math.floor(forward.length / 2)) ?? 0);
  const largest = known.reduce((most, number) => Math.max(most, number), 0);
  const wrap = wraps.find((value) => value > largest);
  if (wrap === undefined || !steps.every((step) => step >= 0 || step + wrap <= most)) return undefined;
  let [previous, lost] = [NaN, 0];
  return {
    wrap,
    numbers: numbers.map((number) => {
      if (Number.isNaN(number)) return number;
      if (number < previous) lost += wrap;
      previous = number;
      return number + lost;
    }),
  };
}
