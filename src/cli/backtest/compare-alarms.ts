import type { StreamAlarm } from './stream-alarms.ts';

/** Two alarms that match. */
export interface KeptAlarm {
  readonly before: StreamAlarm;
  readonly after: StreamAlarm;
}

/** What changed between two lists of alarms. */
export interface AlarmComparison {
  readonly kept: readonly KeptAlarm[];
  /** Alarms of the second list that match none of the first, and the reverse. */
  readonly gained: readonly StreamAlarm[];
  readonly lost: readonly StreamAlarm[];
}

/** Maximum distance in s of matching alarms: the default time after which an alarm is cleared. */
const reach = 10;
/** Lower limit of this distance in frames. */
const minReach = 10;

/** The rule by which alarms match, in words. */
export const matchingRule =
  'Two alarms match if they have the same stream, kind, and run, and their anomalous frames are at most 10 s apart, or at most 10 frames if that is longer. Each alarm matches at most one other.';

/** Frames of a run: the first one, and the last one. */
interface Frames {
  readonly from: number;
  readonly to: number;
}

/** Whether two ranges of frames of a run overlap, or are at most 10 s or 10 frames apart, whichever is longer. */
export function areNear(one: Frames, other: Frames, rate: number): boolean {
  const margin = Math.max(minReach, reach * rate);
  return other.from <= one.to + margin && other.to >= one.from - margin;
}

/**
 * Compares alarms. Two alarms match if they have the same stream, kind, and run, and their frames overlap or are at most 10 s or 10
 * frames apart, whichever is longer. Each alarm matches at most one other, in order of their first frames.
 */
export function compareAlarms(before: readonly StreamAlarm[], after: readonly StreamAlarm[]): AlarmComparison {
  const waiting = new Map<string, StreamAlarm[]>();
  for (const alarm of inOrder(after)) {
    const group = waiting.get(groupOf(alarm));
    if (group) group.push(alarm);
    else waiting.set(groupOf(alarm), [alarm]);
  }
  const kept: KeptAlarm[] = [];
  const lost: StreamAlarm[] = [];
  const gained: StreamAlarm[] = [];
  for (const alarm of inOrder(before)) {
    const candidates = waiting.get(groupOf(alarm)) ?? [];
    const match = candidates.findIndex((other) => areNear(alarm, other, alarm.rate));
    if (match < 0) lost.push(alarm);
    else kept.push({ before: alarm, after: candidates.splice(match, 1)[0] });
  }
  for (const candidates of waiting.values()) gained.push(...candidates);
  return { kept, gained: byTime(gained), lost: byTime(lost) };
}

function groupOf({ stream, kind, run }: StreamAlarm): string {
  return `${stream} ${kind} ${run}`;
}

function inOrder(alarms: readonly StreamAlarm[]): StreamAlarm[] {
  return alarms.toSorted((a, b) => a.from - b.from);
}

function byTime(alarms: StreamAlarm[]): StreamAlarm[] {
  return alarms.sort((a, b) => a.raised - b.raised || a.stream.localeCompare(b.stream));
}
