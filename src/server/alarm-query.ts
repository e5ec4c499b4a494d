import type { AlarmCount } from '../core/alarms/alarm-book.ts';
import type { AlarmRecord } from '../core/alarms/alarm-life.ts';
import { isMeant, type Maintenance } from '../core/alarms/maintenance.ts';
import { maxTime } from '../protocol/limits.ts';
import type { AlarmService } from './alarm-service.ts';

/** What `GET /alarms` answers. */
export interface AlarmQueryResult {
  /** When this answer was true; ask with `since` of this for what happens from then on. */
  now: number;
  alarms: AlarmRecord[];
  /** Whether there are more; ask with `before` of when the last one changed. */
  more: boolean;
  counts: AlarmCount[];
  maintenance: Maintenance[];
}

const usual = 100;
const most = 1000;
const known = ['since', 'before', 'limit', 'stream', 'open'];

/**
 * The alarms that a query asks for, those that changed last first; a sentence where the query is wrong. No two changed at
 * the same time, so `since` and `before` leave none out: an answer has what changed from `since` on to `before`, its `now`.
 */
export function queryAlarms(
  desk: AlarmService,
  query: Readonly<Record<string, string>>,
  clock: number,
): AlarmQueryResult | string {
  const foreign = Object.keys(query).find((name) => !known.includes(name));
  if (foreign !== undefined) return `the query must be made of ${known.join(', ')}, got '${foreign.slice(0, 40)}'`;
  const since = readTime(query.since ?? '0');
  const before = readTime(query.before ?? `${maxTime}`);
  if (since === undefined || before === undefined) return refuseTime(query, since === undefined ? 'since' : 'before');
  const limit = /^\d{1,5}$/.test(query.limit ?? `${usual}`) ? Number(query.limit ?? usual) : 0;
  if (limit < 1 || limit > most) return `limit must be an integer from 1 to ${most}, got '${query.limit.slice(0, 40)}'`;
  if (!['true', 'false'].includes(query.open ?? 'false'))
    return `open must be true or false, got '${query.open.slice(0, 40)}'`;
  const now = Math.min(before, desk.time(clock));
  const meant = desk.alarms.filter(({ changed, state, members }) => {
    const asked = changed >= since && changed < now && (query.open !== 'true' || state !== 'cleared');
    return asked && members.some(({ stream }) => isMeant(query.stream ?? '*', stream));
  });
  meant.sort((a, b) => b.changed - a.changed);
  const { counts, maintenance } = desk;
  return { now, alarms: meant.slice(0, limit), more: meant.length > limit, counts, maintenance: [...maintenance] };
}

/** ISO 8601 with its zone. A + in a query that nobody encoded comes as a space. */
const iso = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+\- ]\d\d:\d\d)$/;

function readTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= maxTime ? Number(text) : undefined;
  const [, day] = iso.exec(text) ?? [];
  if (day === undefined || !isDay(day)) return undefined;
  const time = Date.parse(text.replace(' ', '+'));
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a day is in the calendar: `Date.parse` takes 31 February for 3 March. */
function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function refuseTime(query: Readonly<Record<string, string>>, name: string): string {
  return `${name} must be ms since 1970, or a time with its zone such as 2026-01-31T12:00Z, got '${query[name].slice(0, 40)}'`;
}
