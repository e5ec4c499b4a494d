import type { StreamHealth, StreamInfo } from '../../src/protocol/index.ts';
import type { SourceStatus } from '../time-view.ts';
import { formatNumber } from '../format-number.ts';
import type { Connection } from './connection.ts';

/** The health of a stream, and when the server reported it. */
export interface ReportedHealth extends StreamHealth {
  /** Time of the report, on the server's clock, in ms since 1970. */
  readonly at: number;
}

/** Whether the newest frame of a stream is recent, and if not, why. Times are on the server's clock, in ms since 1970. */
export type Liveness =
  | { readonly is: 'connecting' | 'waiting' | 'live' }
  /** The server cannot be reached; `newest` is the time of the newest frame, NaN if there is none. */
  | { readonly is: 'disconnected'; readonly newest: number }
  /** The sensor has disconnected. */
  | { readonly is: 'ended'; readonly newest: number }
  /** A sensor is connected, but sends nothing. */
  | { readonly is: 'stale'; readonly newest: number; readonly age: number }
  /** Frames arrive, but their times are `off` ms ahead of the server's clock, or behind if negative. */
  | { readonly is: 'clock'; readonly off: number };

/** A frame younger than this, in ms, is fresh. */
const minFresh = 2000;
/** A frame younger than this many intervals between frames is fresh. */
const freshIntervals = 5;
/** The server reports the health once per second; its numbers hold that long, in ms. */
const reportInterval = 1000;
/** Without a report for this long, in ms, the server counts as unreachable. */
const maxSilence = 6000;

/** The age in ms up to which the newest frame of a stream of `rate` Hz (0 = unknown) is fresh. */
export function freshness(rate: number): number {
  return Math.max(minFresh, rate > 0 ? (1000 * freshIntervals) / rate : 0);
}

/**
 * Returns whether a stream is live at `now` (server's clock). `rate` is its sampling rate in Hz, declared or observed; 0 = unknown. Only
 * 'live' means that the newest frame is at most `freshness(rate)` old.
 */
export function liveness(
  info: Pick<StreamInfo, 'live'>,
  rate: number,
  health: ReportedHealth | undefined,
  connection: Connection,
  now: number,
): Liveness {
  const newest = health ? newestFrame(health) : NaN;
  if (connection.is === 'connecting') return { is: 'connecting' };
  if (connection.is !== 'open') return { is: 'disconnected', newest };
  if (health && now - health.at > maxSilence) return { is: 'disconnected', newest };
  if (!info.live) return { is: 'ended', newest };
  if (!health || health.lag === null) return { is: 'waiting' };
  const limit = freshness(rate);
  const overdue = Math.max(0, now - health.at - reportInterval);
  const idle = (health.idle ?? 0) + overdue;
  const age = health.lag + overdue;
  const { ahead = 0, offset = 0 } = health;
  const wrongClock = Math.max(ahead, Math.abs(offset)) > limit;
  if (idle > limit)
    return wrongClock
      ? { is: 'stale', newest: now - idle, age: idle }
      : { is: 'stale', newest, age: Math.max(age, idle) };
  if (Math.abs(offset) > limit) return { is: 'clock', off: offset };
  if (ahead > limit) return { is: 'clock', off: ahead };
  if (age <= limit) return { is: 'live' };
  return arrives(health) ? { is: 'clock', off: -age } : { is: 'stale', newest, age };
}

/** Time of the newest frame, on the server's clock, without the offset of the device's clock; NaN if there is none. */
export function newestFrame({ at, lag, ahead = 0, offset = 0 }: ReportedHealth): number {
  return lag === null ? NaN : at - lag + ahead - offset;
}

/** Whether frames arrive, although their times are old. Earlier servers do not report it. */
function arrives({ idle, lag }: ReportedHealth): boolean {
  return idle !== undefined && lag !== null && lag - idle > minFresh;
}

/** A short text: `live`, `stale 26 min`, `ended 18:38`, `clock 1 h ahead`. */
export function livenessText(state: Liveness, now: number): string {
  switch (state.is) {
    case 'stale':
      return `stale ${ageText(state.age)}`;
    case 'ended':
      return state.newest <= now ? `ended ${clockTime(state.newest, now, false)}` : 'ended';
    case 'clock':
      return `clock ${ageText(Math.abs(state.off))} ${state.off > 0 ? 'ahead' : 'behind'}`;
    case 'waiting':
      return 'waiting for data';
    default:
      return state.is;
  }
}

/**
 * What the plots of a stream show: 'now' at the right edge only if it is live. While no data arrives, the right edge
 * follows the clock; a stream that has ended keeps showing its end.
 */
export function sourceStatus(state: Liveness, now: number): SourceStatus {
  const note = outageText(state, now);
  const follows = note !== '' && state.is !== 'ended';
  return { fresh: state.is === 'live', note, ...(follows && { clock: now }) };
}

/** Returns `text` with a capital first letter. */
export function capitalize(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The text over a plot: `No data since 18:38:12`; empty while data arrives. */
export function outageText(state: Liveness, now: number): string {
  if (state.is !== 'disconnected' && state.is !== 'ended' && state.is !== 'stale') return '';
  return state.newest <= now ? `No data since ${clockTime(state.newest, now)}` : '';
}

/** An age in ms, rounded: `26 min`, `1 h`, `3 days`. */
function ageText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [name, size] = ageUnits.find(([, size]) => seconds >= size) ?? ageUnits[ageUnits.length - 1];
  const count = Number((seconds / size).toFixed(seconds < 10 * size && size >= 3600 ? 1 : 0));
  return `${formatNumber(count)} ${count === 1 ? name.replace(/s$/, '') || name : name}`;
}

const ageUnits: readonly [name: string, seconds: number][] = [
  ['years', 31_536_000],
  ['days', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** The time of day, preceded by the date if it is not today. */
export function clockTime(time: number, now: number, seconds = true): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = date.toDateString() === new Date(now).toDateString() ? '' : `${date.toLocaleDateString()} `;
  const minutes = `${day}${two(date.getHours())}:${two(date.getMinutes())}`;
  return seconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}
