/** Measurements of the offset from the clock of a stream to the clock of the recorder. */
export interface ClockOffsets {
  /** Times of the measurements in s, by the clock of the stream. */
  readonly times: readonly number[];
  /** Offsets in s. */
  readonly values: readonly number[];
}

/** Residuals of offsets in s above which they count as outliers. */
const outlier = 1e-4;

/**
 * Converts timestamps of a stream to the clock of the recorder, in place. In each range between restarts of the clock, a line
 * is fitted to the offsets:
 *
 *     t += a + b t        a, b minimize the sum of huber((a + b time - value) / 0.1 ms)
 *
 * The ranges and the fit are those of pyxdf. https://github.com/xdf-modules/pyxdf
 */
export function synchronize(stamps: Float64Array, { times, values }: ClockOffsets): void {
  const ranges = rangesOf(times, values);
  let from = 0;
  for (const [n, [first, end]] of ranges.entries()) {
    const line = huberLine(times.slice(first, end), values.slice(first, end));
    const to = n === ranges.length - 1 ? stamps.length : endOf(stamps, from, times[end - 1], times[end]);
    for (let i = from; i < to; i++) stamps[i] += line(stamps[i]);
    from = to;
  }
}

/** The first stamp that is closer to the start of the next range than to the end of this one. */
function endOf(stamps: Float64Array, from: number, end: number, next: number): number {
  let to = from;
  while (to < stamps.length && Math.abs(stamps[to] - end) < Math.abs(stamps[to] - next)) to++;
  return to;
}

/**
 * The ranges [first, end) of measurements between restarts of the clock: the time goes back, or both the time and the offset
 * jump by far more than usual.
 */
function rangesOf(times: readonly number[], values: readonly number[]): [number, number][] {
  if (times.length === 0) return [];
  const steps = stepsOf(times);
  const late = jumps(steps, 5, 5);
  const shifted = jumps(stepsOf(values), 10, 1);
  const starts = steps.flatMap((step, i) => (step < 0 || (late[i] && shifted[i]) ? [i + 1] : []));
  return [0, ...starts].map((first, n) => [first, starts.at(n) ?? times.length]);
}

/**
 * Whether the last of at least three measurements is wrong: its time is more than ten times the usual step away from the
 * previous one, or its offset more than ten standard deviations (from the median deviation) away from the others.
 */
export function isLastOdd(times: readonly number[], values: readonly number[]): boolean {
  if (times.length < 3) return false;
  const steps = stepsOf(times);
  const [value, step] = [values[values.length - 1], steps[steps.length - 1]];
  const [others, before] = [values.slice(0, -1), steps.slice(0, -1)];
  const deviation = 1.4826 * medianOf(others.map((other) => Math.abs(other - medianOf(others))));
  return (
    Math.abs(step) > 10 * medianOf(before) ||
    (deviation > Number.EPSILON && Math.abs(value - medianOf(others)) > 10 * deviation)
  );
}

const stepsOf = (numbers: readonly number[]) => numbers.slice(1).map((number, i) => number - numbers[i]);

/** Whether each step differs from the median by more than `deviations` median deviations and by more than `seconds`. */
function jumps(steps: readonly number[], deviations: number, seconds: number): boolean[] {
  const median = medianOf(steps);
  const differences = steps.map((step) => Math.abs(step - median));
  const usual = medianOf(differences) + Number.EPSILON;
  return differences.map((difference) => difference / usual > deviations && difference > seconds);
}

function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length === 0 ? NaN : (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

/** Fits a line by iteratively reweighted least squares. Measurements at a single time have slope 0. */
function huberLine(x: readonly number[], y: readonly number[]): (at: number) => number {
  const origin = x[0];
  let weights = x.map(() => 1);
  let [height, slope] = [NaN, NaN];
  for (let round = 0; round < 1000; round++) {
    const sum = (of: (i: number) => number) => weights.reduce((total, weight, i) => total + weight * of(i), 0);
    const weight = sum(() => 1);
    const [meanX, meanY] = [sum((i) => x[i] - origin) / weight, sum((i) => y[i]) / weight];
    const variance = sum((i) => (x[i] - origin - meanX) ** 2);
    const before = [height, slope];
    slope = variance > 0 ? sum((i) => (x[i] - origin - meanX) * (y[i] - meanY)) / variance : 0;
    height = meanY - slope * meanX;
    if (Math.abs(height - before[0]) < 1e-12 && Math.abs(slope - before[1]) < 1e-15) break;
    weights = x.map((time, i) => Math.min(1, outlier / Math.abs(y[i] - height - slope * (time - origin))));
  }
  return (at) => height + slope * (at - origin);
}

/** Steps in s above which a stream has a break: more than 1 s and more than 500 samples. */
const breakOf = (rate: number) => Math.max(1, 500 / rate);

/**
 * Replaces timestamps that the next one contradicts, in place: both steps around it are breaks, but the one across it is not.
 * Returns their number.
 */
export function replaceWild(stamps: Float64Array, rate: number): number {
  let count = 0;
  for (let i = 1; i < stamps.length - 1; i++) {
    const [before, stamp, after] = stamps.subarray(i - 1, i + 2);
    if (Math.abs(stamp - before) <= breakOf(rate) || Math.abs(after - before) > breakOf(rate)) continue;
    stamps[i] = (before + after) / 2;
    count++;
  }
  return count;
}

/** Ranges [first, end) of frames without a break, and the measured sampling rate in Hz; NaN if it is unknown. */
export interface Segments {
  readonly ranges: readonly (readonly [first: number, end: number])[];
  readonly rate: number;
}

/**
 * Removes the jitter of the timestamps of a regular stream, in place: in each segment, they are replaced by a line that is
 * fitted to them. Segments are separated by breaks, as in pyxdf.
 */
export function removeJitter(stamps: Float64Array, rate: number): Segments {
  const starts = [0];
  for (let i = 1; i < stamps.length; i++) if (Math.abs(stamps[i] - stamps[i - 1]) > breakOf(rate)) starts.push(i);
  const ranges = starts.map((first, n) => [first, starts.at(n + 1) ?? stamps.length] as const);
  let [frames, seconds] = [0, 0];
  for (const [first, end] of ranges) {
    fitLine(stamps.subarray(first, end));
    frames += end - first - 1;
    seconds += stamps[end - 1] - stamps[first];
  }
  return { ranges, rate: seconds > 0 ? frames / seconds : NaN };
}

/** Replaces numbers by the line that fits them best. */
function fitLine(numbers: Float64Array): void {
  const { length } = numbers;
  if (length < 2) return;
  const [origin] = numbers;
  const middle = (length - 1) / 2;
  let [mean, product] = [0, 0];
  for (let i = 0; i < length; i++) {
    mean += (numbers[i] - origin) / length;
    product += (i - middle) * (numbers[i] - origin);
  }
  const slope = product / ((length * (length * length - 1)) / 12);
  for (let i = 0; i < length; i++) numbers[i] = origin + mean + slope * (i - middle);
}
