import { invalid } from '../check.ts';

/** How often a detector may be wrong: '1/month', '2/week', or as mean frames between two false alarms. */
export type FalseAlarms = string | number;

const seconds: ReadonlyMap<string, number> = new Map([
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 7 * 86_400],
  ['month', 30 * 86_400],
  ['year', 365 * 86_400],
]);

/** Mean frames between two false alarms by default, where a stream has no rate: 1 in 10 000. */
const irregular = 10_000;

/** Throws unless `rate` is one. */
export function checkFalseAlarms(rate: FalseAlarms): void {
  if (typeof rate === 'number') framesOf(rate);
  else secondsBetween(rate);
}

/**
 * Mean frames between two false alarms, of a stream of `hz` frames a second.
 * Throws where alarms are counted by time and the stream has no rate.
 */
export function framesBetween(rate: FalseAlarms | undefined, hz: number): number {
  if (typeof rate === 'number') return framesOf(rate);
  if (hz > 0) return Math.max(1, secondsBetween(rate ?? '1/month') * hz);
  if (rate === undefined) return irregular;
  throw invalid('block.rate', `a number > 0 in Hz for falseAlarms '${rate}' (irregular: give frames between two)`, hz);
}

function framesOf(frames: number): number {
  if (!(frames >= 1 && frames < Infinity)) throw invalid('falseAlarms', 'a number >= 1 in frames between two', frames);
  return frames;
}

function secondsBetween(rate: string): number {
  const parts = /^(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(rate);
  const count = Number(parts?.[1]);
  const unit = seconds.get(parts?.[2] ?? '');
  if (unit === undefined || !(count > 0 && count < Infinity))
    throw invalid('falseAlarms', `a count a ${[...seconds.keys()].join(', ')}, such as '1/month'`, rate, TypeError);
  return unit / count;
}
