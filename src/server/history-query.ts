import { maxTime } from '../protocol/limits.ts';
import type { Range } from '../store/history-table.ts';

const defaultLimit = 100;
const maxLimit = 1000;

/** The query parameters of a request as text. */
export type Query = Readonly<Record<string, string>>;

/** A valid query: the records with `since` <= `changed` < `before`, of some streams, at most `limit`. */
export interface HistoryQuery extends Range {
  limit: number;
}

/**
 * Reads the query parameters `since`, `before`, `limit`, and `stream`; returns a sentence if one is invalid.
 *
 * @param others names of further parameters
 */
export function readHistoryQuery(query: Query, others: readonly string[] = []): HistoryQuery | string {
  const parameters = ['since', 'before', 'limit', 'stream', ...others];
  const unknown = Object.keys(query).find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    return `query parameters must be among ${parameters.join(', ')}, got '${unknown.slice(0, 40)}'`;
  const since = readTime(query.since ?? '0');
  const before = readTime(query.before ?? `${maxTime}`);
  if (since === undefined || before === undefined) return invalidTime(query, since === undefined ? 'since' : 'before');
  const limit = /^\d{1,5}$/.test(query.limit ?? `${defaultLimit}`) ? Number(query.limit ?? defaultLimit) : 0;
  if (limit < 1 || limit > maxLimit)
    return `limit must be an integer from 1 to ${maxLimit}, got '${query.limit.slice(0, 40)}'`;
  return { since, before, limit, ...(query.stream !== undefined && query.stream !== '*' && { stream: query.stream }) };
}

/** ISO 8601 with a time zone. An unencoded + in a query arrives as a space. */
const iso = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+\- ]\d\d:\d\d)$/;

/** Reads a time in ms since 1970, or in ISO 8601 with a time zone; undefined if it is invalid. */
export function readTime(text: string): number | undefined {
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

/** Returns the sentence for an invalid time. */
export function invalidTime(query: Query, name: string): string {
  return `${name} must be ms since 1970, or a time with a time zone such as 2026-01-31T12:00Z, got '${query[name].slice(0, 40)}'`;
}
