import type { AlarmCount } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import type { MaintenanceWindow } from '../core/alarms/suppression.ts';
import type { AlarmService } from './alarm-service.ts';
import { type Query, readHistoryQuery } from './history-query.ts';

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

/**
 * Returns the alarms that match a query, the most recently changed first, or a sentence if the query is invalid. No two
 * alarms have the same `changed`, so that paging with `since` and `before` skips none: the response contains the alarms
 * with `since` <= `changed` < `now`. The limit is smaller for large alarms: a response has about 4 MB.
 */
export async function queryAlarms(
  service: AlarmService,
  query: Query,
  clock: number,
): Promise<AlarmQueryResult | string> {
  const range = readHistoryQuery(query, ['open']);
  if (typeof range === 'string') return range;
  const { open = 'false' } = query;
  if (!['true', 'false'].includes(open)) return `open must be true or false, got '${open.slice(0, 40)}'`;
  const now = Math.min(range.before, service.time(clock));
  const { counts, maintenance } = service;
  const { records, more } = await service.page({ ...range, before: now }, range.limit, open === 'true');
  return { now, alarms: records, more, counts, maintenance: [...maintenance] };
}
