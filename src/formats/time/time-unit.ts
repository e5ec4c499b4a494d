import { toMs, type TimeUnit, unitBySize } from '../../core/blocks/time-unit.ts';

/** Units of numeric times, each with its length in ms and its spellings. */
const units: readonly (readonly [ms: number, spellings: string])[] = [
  [1e-6, 'ns nsec nsecs nanosec nanos nanosecond nanoseconds'],
  [1e-3, 'us µs μs usec usecs µsec μsec microsec micros microsecond microseconds'],
  [1, 'ms msec msecs millisec millis millisecond milliseconds'],
  [1000, 's sec secs second seconds sek sekunde sekunden'],
  [60_000, 'min mins minute minutes minuten'],
  [3_600_000, 'h hr hrs hour hours std stunde stunden'],
  [86_400_000, 'd day days tag tage'],
];

const lengths: ReadonlyMap<string, number> = new Map(
  units.flatMap(([ms, spellings]) => spellings.split(' ').map((spelling) => [spelling, ms] as const)),
);

/** The known units, for error messages. */
export const knownTimeUnits = 'ns, us, ms, s, min, h, or d, or a common spelling of one';

/** The length of a time unit in ms; undefined if it is unknown. */
export function timeUnitOf(name: string): number | undefined {
  const bare = name.trim().replace(/^[[({]|[\])}]$/g, '');
  return lengths.get(bare.toLowerCase().replace(/\.$/, ''));
}

/** The latest time in ms that a number is read as: the year 2128. */
const latest = 5e12;

/** The unit of a number that counts from 1970; undefined if the number is too small for every unit, or between two. */
export function epochUnitOf(stamp: number): TimeUnit | undefined {
  const unit = stamp > 0 ? unitBySize(stamp) : undefined;
  return unit !== undefined && toMs(stamp, unit) < latest ? unit : undefined;
}
