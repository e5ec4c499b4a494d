import { readIsoTime } from '../core/blocks/iso-time.ts';
import type { TimeUnit } from '../core/blocks/time-unit.ts';
import { isRecord, show } from './check-message.ts';
import { maxTime } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** A time as sent by a sensor. */
export interface Stamp {
  time: number;
  /** Unit of a time since 1970. Absent: the unit is not recognized yet. */
  timeUnit?: TimeUnit;
  /** Warning about a doubtful time. */
  warning?: string;
}

/** The largest absolute time that can be sent: that of a Date, in ns. */
const maxStamp = maxTime * 1e6;

/**
 * Returns the time in a field of a message: a number in s, ms, µs, or ns, or a text such as `2023-11-14T22:13:20Z`. A text
 * without a time zone is read as UTC. The notations of Firestore, `{seconds, nanoseconds}`, and MongoDB, `{$date}`, are also
 * accepted. Throws a ProtocolError ('bad-time').
 */
export function readStamp(key: string, value: unknown): Stamp {
  if (typeof value === 'string') {
    const read = fromText(key, value.trim());
    if (read) return read;
  } else if (typeof value === 'number' && Math.abs(value) <= maxStamp) return { time: value };
  else if (isRecord(value)) {
    const read = fromDatabase(key, value);
    if (read) return read;
  }
  if (value === Infinity || value === -Infinity)
    throw new ProtocolError('not-finite', `${key} must be a finite number, got ${value}`);
  throw new ProtocolError(
    'bad-time',
    `${key} must be a number since 1970 in s, ms, µs, or ns, or a text like 2023-11-14T22:13:20Z, got ${show(value)}`,
  );
}

function fromDatabase(key: string, value: Record<string, unknown>): Stamp | undefined {
  if (Object.hasOwn(value, '$date')) {
    const date = value.$date;
    const ms = isRecord(date) ? Number(date.$numberLong) : date;
    if (typeof ms === 'string') return fromText(key, ms);
    return typeof ms === 'number' && Math.abs(ms) <= maxTime ? { time: ms, timeUnit: 'ms' } : undefined;
  }
  const seconds = Number(value.seconds ?? value._seconds);
  const nanoseconds = Number(value.nanoseconds ?? value._nanoseconds ?? value.nanos ?? 0);
  const time = seconds * 1000 + nanoseconds / 1e6;
  return Math.abs(time) <= maxTime ? { time, timeUnit: 'ms' } : undefined;
}

function fromText(key: string, text: string): Stamp | undefined {
  if (/^[+-]?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text) && Math.abs(Number(text)) <= maxStamp)
    return { time: Number(text) };
  const read = readIsoTime(text);
  if (!read || Number.isNaN(read.time)) return undefined;
  const warning = `${key} has no time zone and is read as UTC; add Z or an offset like +02:00`;
  return { time: read.time, timeUnit: 'ms', ...(!read.zoned && { warning }) };
}
