import type { AlarmCount } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import { matchesStreams, type MaintenanceWindow } from '../core/alarms/suppression.ts';
import { maxTime } from '../protocol/limits.ts';
import type { AlarmService } from './alarm-service.ts';

/** Response to `GET /alarms`. */
export interface AlarmQueryResult {
  /** Time of this response; pass it as `since` to get later changes. */
  now: number;
  alarms: AlarmRecord[];
  /** Whether there are more; pass the `changed` of the last one as `before` to get them. */
  more: boolean;
  counts: AlarmCount[];
  maintenance: MaintenanceWindow[];
}

const defaultLimit = 100;
const maxLimit = 1000;
const parameters = ['since', 'before', 'limit', 'stream', 'open'];

/**
 * Returns the alarms that match a query, the most recently changed first, or a sentence if the query is invalid. No two
 * alarms have the same `changed`, so that paging with `since` and `before` skips none: the response contains the alarms
 * with `since` <= `changed` < `now`.
 */
export function queryAlarms(
  service: AlarmService,
  query: Readonly<Record<string, string>>,
  clock: number,
): AlarmQueryResult | string {
  const unknown = Object.keys(query).find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    return `query parameters must be among ${parameters.join(', ')}, got '${unknown.slice(0, 40)}'`;
  const since = readTime(query.since ?? '0');
  const before = readTime(query.before ?? `${maxTime}`);
  if (since === undefined || before === undefined) return invalidTime(query, since === undefined ? 'since' : 'before');
  const limit = /^\d{1,5}$/.test(query.limit ?? `${defaultLimit}`) ? Number(query.limit ?? defaultLimit) : 0;
  if (limit < 1 || limit > maxLimit)
    return `limit must be an integer from 1 to ${maxLimit}, got '${query.limit.slice(0, 40)}'`;
  if (!['true', 'false'].includes(query.open ?? 'false'))
    return `open must be true or false, got '${query.open.slice(0, 40)}'`;
  const now = Math.min(before, service.time(clock));
  const meant = service.alarms.filter(({ changed, state, members }) => {
    const asked = changed >= since && changed < now && (query.open !== 'true' || state !== 'cleared');
    return asked && members.some(({ stream }) => matchesStreams(query.stream ?? '*', stream));
  });
  meant.sort((a, b) => b.changed - a.changed);
  const { counts, maintenance } = service;
  return { now, alarms: meant.slice(0, limit), more: meant.length > limit, counts, maintenance: [...maintenance] };
}

/** ISO 8601 with a time zone. An unencoded + in a query arrives as a space. */
const iso = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+\- ]\d\d:\d\d)$/;

function readTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= maxTime ? Number(text) : undefined;
  const [, day] = iso.exec(text) ?? [];
  if (day === undefined || !isDay(day)) return undefined;
  const time = Date.parse(text.replace(' ', '+'));
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a day exists: `Date.parse` reads 31 February as 3 March. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function invalidTime(query: Readonly<Record<string, string>>, name: string): string {
  return `${name} must be ms since 1970, or a time with a time zone such as 2026-01-31T12:00Z, got '${query[name].slice(0, 40)}'`;
}
