import { type Query, readHistoryQuery } from './history-query.ts';
import type { SessionLog, SessionRecord } from './session-log.ts';

/** Response to `GET /sessions`. */
export interface SessionQueryResult {
  /** Time of this response; pass it as `since` to get later changes. */
  now: number;
  sessions: SessionRecord[];
  /** Whether there are more; pass the `changed` of the last one as `before` to get them. */
  more: boolean;
}

/**
 * Returns the sessions that match a query, the most recently opened or closed first, or a sentence if the query is invalid.
 * Paging skips none, as for `queryAlarms`.
 */
export async function querySessions(
  log: SessionLog,
  query: Query,
  clock: number,
): Promise<SessionQueryResult | string> {
  const range = readHistoryQuery(query);
  if (typeof range === 'string') return range;
  const now = Math.min(range.before, log.time(clock));
  const { records, more } = await log.page({ ...range, before: now }, range.limit);
  return { now, sessions: records, more };
}
