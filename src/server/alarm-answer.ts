import type { AlarmCount } from '../core/alarms/alarm-counts.ts';
import type { AlarmRecord } from '../core/alarms/alarm-life.ts';
import { isMeant, type Maintenance } from '../core/alarms/maintenance.ts';
import type { AlarmDesk } from './alarm-desk.ts';

/** What `GET /alarms` answers. */
export interface AlarmAnswer {
  /** The server's clock; ask with `since` of this for what changes from now on. */
  now: number;
  alarms: AlarmRecord[];
  /** Whether there are more than were asked for. */
  more: boolean;
  counts: AlarmCount[];
  maintenance: Maintenance[];
}

const usual = 100;
const most = 1000;
const known = ['since', 'limit', 'stream', 'open'];

/** The alarms that a query asks for, those that changed last first; a sentence where the query is wrong. */
export function alarmAnswer(
  { alarms, counts, maintenance }: AlarmDesk,
  query: Readonly<Record<string, string>>,
  now: number,
): AlarmAnswer | string {
  const foreign = Object.keys(query).find((name) => !known.includes(name));
  if (foreign !== undefined) return `the query must be made of ${known.join(', ')}, got '${foreign.slice(0, 40)}'`;
  const since = readTime(query.since ?? '0');
  if (since === undefined)
    return `since must be ms since 1970 or a date such as 2026-01-31T12:00Z, got '${query.since.slice(0, 40)}'`;
  const limit = /^\d{1,5}$/.test(query.limit ?? `${usual}`) ? Number(query.limit ?? usual) : 0;
  if (limit < 1 || limit > most) return `limit must be an integer from 1 to ${most}, got '${query.limit.slice(0, 40)}'`;
  if (!['true', 'false'].includes(query.open ?? 'false'))
    return `open must be true or false, got '${query.open.slice(0, 40)}'`;
  const meant = alarms.filter(({ changed, state, members }) => {
    const asked = changed >= since && (query.open !== 'true' || state !== 'cleared');
    return asked && members.some(({ stream }) => isMeant(query.stream ?? '*', stream));
  });
  meant.sort((a, b) => b.changed - a.changed);
  return { now, alarms: meant.slice(0, limit), more: meant.length > limit, counts, maintenance: [...maintenance] };
}

function readTime(text: string): number | undefined {
  const time = /^\d+$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Math.abs(time) <= 8.64e15 ? time : undefined;
}
