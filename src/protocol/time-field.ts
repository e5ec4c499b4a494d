import { toMs, unitBySize } from '../core/blocks/time-unit.ts';
import { show } from './check-message.ts';
import { ProtocolError } from './protocol-error.ts';
import { readStamp, type Stamp } from './stamp.ts';

/** Names of the time of a frame or an event, in lower case. */
const timeNames: ReadonlySet<string> = new Set(['time', 'ts', 'timestamp', 'datetime', 'date']);
/** A unit after a name, such as `(s)`. */
const unit = / *[([][^)\]]{0,16}[)\]]$/;
/** Two times since 1970 in one message can differ by their resolution, up to this many ms. */
const maxDifference = 1000;

/** Whether a field or a column contains the time: `time`, `ts`, `Timestamp`, `Time (s)`, and so on. */
export function isTimeName(name: string): boolean {
  return name.length <= 32 && timeNames.has(name.replace(unit, '').trim().toLowerCase());
}

/** Returns the time of a message with these fields; null means that there is none. */
export function timeOf(message: Record<string, unknown>): Stamp | undefined {
  return stampAmong(Object.entries(message).filter(([key]) => isTimeName(key)));
}

/**
 * Returns the time in one or more fields, which must agree; undefined if there is none.
 * @throws ProtocolError 'bad-time'
 */
export function stampAmong(times: readonly (readonly [string, unknown])[]): Stamp | undefined {
  let found: { key: string; value: unknown; stamp: Stamp } | undefined;
  for (const [key, value] of times) {
    if (value === null || value === undefined) continue;
    const stamp = readStamp(key, value);
    if (found && !agree(found.stamp, stamp))
      throw new ProtocolError(
        'bad-time',
        `message must have one time, got ${show(found.key)} ${show(found.value)} and ${show(key)} ${show(value)}; send one of them, or rename the other`,
      );
    // the larger number has the smaller unit
    if (!found || Math.abs(stamp.time) > Math.abs(found.stamp.time)) found = { key, value, stamp };
  }
  return found?.stamp;
}

/** Whether two times are the same, apart from their units and resolution if they count from 1970. */
function agree(a: Stamp, b: Stamp): boolean {
  const [first, second] = [sinceEpoch(a), sinceEpoch(b)];
  if (first === undefined || second === undefined) return a.time === b.time;
  return Math.abs(first - second) <= maxDifference;
}

/** Returns a time since 1970 in ms; undefined for a time of another clock. */
function sinceEpoch({ time, timeUnit = unitBySize(time) }: Stamp): number | undefined {
  return timeUnit === undefined ? undefined : toMs(time, timeUnit);
}
