import { type TimeUnit, timeUnits, toMs, unitBySize } from './time-unit.ts';

/** A timestamp in an unknown unit, and the number of frames that it belongs to. */
export interface Stamp {
  readonly stamp: number;
  readonly frames: number;
  /** Sampling rate in Hz. */
  readonly rate: number;
}

/** The dates that are read as times since 1970, in ms: from 2000-01-01 to 2100-01-01. Other numbers are those of other clocks. */
const [earliest, latest] = [946_684_800_000, 4_102_444_800_000];

/** The unit of a number whose size is that of a time since 1970; undefined if it is not plausible. */
export function plausibleEpoch(stamp: number): TimeUnit | undefined {
  const unit = unitBySize(stamp);
  const ms = unit === undefined ? NaN : toMs(stamp, unit);
  return ms >= earliest && ms <= latest ? unit : undefined;
}

/** The result of `recognizeUnit`. */
export interface StampUnit {
  readonly unit: TimeUnit;
  /** Whether the timestamps count from 1970. */
  readonly epoch: boolean;
}

/** Timestamps after which the unit is determined from the average progress. */
const averaged = 32;
/** Timestamps after which the unit must be determined. */
export const most = 64;
/** A message of several frames can overlap the one before, so that times advance up to this many times as slowly. */
const maxOverlap = 31;

/**
 * Recognizes the unit of a device's first timestamps; undefined while it is not clear.
 *
 *     progress = difference of timestamps / (frames between them / rate)        1000 per second: the unit is ms
 *
 * Times since 1970 are recognized by their size. Their progress must agree: 1,200,000,000 is a time in 2008 in s, and 20 minutes
 * in µs. The unit of other clocks is recognized from two steps of equal progress. If steps differ because frames arrive in
 * bursts or are lost, the average of 32 timestamps decides.
 *
 * @param isEnd whether no more timestamps follow, so that one step must do
 */
export function recognizeUnit(stamps: readonly Stamp[], isEnd = false): StampUnit | undefined {
  const known = stamps.findIndex(({ stamp }) => Number.isFinite(stamp));
  if (known < 0) return undefined;
  const candidate = plausibleEpoch(stamps[known].stamp);
  const steps = stepsOf(stamps.slice(known));
  if (candidate !== undefined && steps.some((step) => unitOf(step) === candidate))
    return { unit: candidate, epoch: true };
  for (const [i, step] of steps.entries())
    if (i > 0 && isRegular(steps[i - 1], step)) return { unit: unitOf(step)!, epoch: false };
  if (steps.length === 0 || (stamps.length < averaged && !isEnd)) return undefined;
  const total = {
    elapsed: steps.reduce((sum, { elapsed }) => sum + elapsed, 0),
    seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
    slowest: Math.min(...steps.map(({ slowest }) => slowest)),
  };
  const unit = unitOf(total) ?? (stamps.length < most ? undefined : nearestUnit(total));
  return unit && { unit, epoch: unit === candidate };
}

interface Step {
  readonly elapsed: number;
  /** Duration of the frames between the timestamps. */
  readonly seconds: number;
  /** Smallest plausible speed relative to the sampling rate. */
  readonly slowest: number;
}

/** The steps forward between different timestamps. */
function stepsOf(stamps: readonly Stamp[]): Step[] {
  const steps: Step[] = [];
  let last = NaN;
  let seconds = 0;
  let frames = 0;
  for (const each of stamps) {
    if (Number.isFinite(each.stamp) && each.stamp !== last) {
      const slowest = frames > 1 ? 1 / maxOverlap : 1 / maxRatio;
      if (each.stamp > last) steps.push({ elapsed: each.stamp - last, seconds, slowest });
      last = each.stamp;
      seconds = 0;
    }
    frames = each.frames;
    seconds += each.frames / each.rate;
  }
  return steps;
}

/** Ratio by which progress can differ from the sampling rate. */
const maxRatio = 3.2;

/** Ratio by which regular progress can differ because of rounding. */
const regular = 1.6;

/** The unit that agrees with a step, if any. */
function unitOf(step: Step): TimeUnit | undefined {
  return timeUnits.find((unit) => {
    const speed = speedOf(step, unit);
    return speed >= step.slowest && speed <= maxRatio;
  });
}

/** The unit that differs least from a step. */
function nearestUnit(step: Step): TimeUnit {
  const distance = (unit: TimeUnit) => Math.abs(Math.log(speedOf(step, unit)));
  return [...timeUnits].sort((a, b) => distance(a) - distance(b))[0];
}

function speedOf({ elapsed, seconds }: Step, unit: TimeUnit): number {
  return toMs(elapsed, unit) / (seconds * 1000);
}

/** Whether two steps agree with each other and with a unit. */
function isRegular(a: Step, b: Step): boolean {
  const unit = unitOf(a);
  const isSlow = (step: Step) => step.slowest < 1 / maxRatio;
  const fits = (step: Step) =>
    unit !== undefined &&
    speedOf(step, unit) <= regular &&
    speedOf(step, unit) >= (isSlow(step) ? step.slowest : 1 / regular);
  const ratio = a.elapsed / a.seconds / (b.elapsed / b.seconds);
  return fits(a) && fits(b) && ratio >= 1 / regular && ratio <= regular;
}
