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
  return lengths.get(name.trim().toLowerCase().replace(/\.$/, ''));
}

/** The units of numbers that count from 1970, by the size of numbers from 1973 to 2128. */
const epochUnits = [
  { name: 's', ms: 1000, from: 1e8 },
  { name: 'ms', ms: 1, from: 1e11 },
  { name: 'µs', ms: 1e-3, from: 1e14 },
  { name: 'ns', ms: 1e-6, from: 1e17 },
] as const;

/** Ratio of the largest to the smallest number of a unit. */
const epochRange = 50;

/** A unit of times since 1970. */
export type EpochUnit = (typeof epochUnits)[number];

/** The unit of a number that counts from 1970; undefined if the number is too small for every unit, or between two. */
export function epochUnitOf(stamp: number): EpochUnit | undefined {
  return epochUnits.find(({ from }) => stamp >= from && stamp < from * epochRange);
}
