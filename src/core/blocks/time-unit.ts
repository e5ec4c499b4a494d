/** Unit of a time that a device sends. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

/** All units, the longest first. */
export const timeUnits: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];

/** The full name of each unit. */
export const unitNames: Readonly<Record<TimeUnit, string>> = {
  s: 'seconds (s)',
  ms: 'milliseconds (ms)',
  us: 'microseconds (µs)',
  ns: 'nanoseconds (ns)',
};

const perSecond: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };
/** The smallest number of each unit that is a time since 1970: March 1973. */
const smallestEpoch: Readonly<Record<TimeUnit, number>> = { s: 1e8, ms: 1e11, us: 1e14, ns: 1e17 };

/** Converts a time to ms. */
export function toMs(stamp: number, unit: TimeUnit): number {
  return unit === 's' ? stamp * 1000 : stamp / (perSecond[unit] / 1000);
}

/** Converts ms to a unit. */
export function fromMs(ms: number, unit: TimeUnit): number {
  return ms * (perSecond[unit] / 1000);
}

/**
 * Returns the unit of a time since 1970 by its size: today, seconds have 10 digits, ms 13, µs 16, and ns 19. Undefined for
 * a smaller number, which does not count from 1970.
 */
export function unitBySize(stamp: number): TimeUnit | undefined {
  return [...timeUnits].reverse().find((unit) => Math.abs(stamp) >= smallestEpoch[unit]);
}

/** The earliest time that is read as a time since 1970, in ms: 2000-01-01. Smaller numbers are counters. */
const earliest = 946_684_800_000;

/**
 * Returns the unit of the first time of a device, if it counts from 1970: `unitBySize`, unless the date is not plausible.
 * @param latest latest plausible date, in ms since 1970
 */
export function epochUnit(stamp: number, latest: number): TimeUnit | undefined {
  const unit = unitBySize(stamp);
  if (unit === undefined) return undefined;
  const ms = toMs(stamp, unit);
  return ms >= earliest && ms <= latest ? unit : undefined;
}

/**
 * Returns the unit in which times advance by `elapsed` while `seconds` pass, if one fits.
 * @param slowest smallest accepted speed relative to real time
 * @param fastest greatest accepted speed relative to real time
 */
export function unitByProgress(
  elapsed: number,
  seconds: number,
  { slowest, fastest }: { slowest: number; fastest: number },
): TimeUnit | undefined {
  return timeUnits.find((unit) => {
    const speed = elapsed / (seconds * perSecond[unit]);
    return speed >= slowest && speed <= fastest;
  });
}
