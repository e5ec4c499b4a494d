import type { AlarmRecord } from '../core/alarms/alarm-life.ts';

/**
 * When something last happened to each alarm, by the server's clock: evidence is as old as its frames, but who asks for
 * what changed since the last answer must miss nothing. No two times are the same, and each is later than all before it,
 * whatever the clock does.
 */
export class AlarmTimestamps {
  #last = -Infinity;
  #times = new Map<number, number>();

  /** The time, later than every stamp. */
  next(now: number): number {
    this.#last = Math.max(now, this.#last + 1);
    return this.#last;
  }

  /** Something happened to an alarm: it as it stands, stamped. */
  stamp(alarm: AlarmRecord, now: number): AlarmRecord {
    const changed = this.next(now);
    this.#times.set(alarm.id, changed);
    return { ...alarm, changed };
  }

  /** All alarms that there are, each with its stamp; the stamps of others are forgotten. */
  stamped(alarms: readonly AlarmRecord[]): AlarmRecord[] {
    const all = alarms.map((alarm) => ({ ...alarm, changed: this.#times.get(alarm.id) ?? this.next(alarm.changed) }));
    this.#times = new Map(all.map(({ id, changed }) => [id, changed]));
    return all;
  }

  /** Takes up the alarms of before, with the times that they have. */
  restore(alarms: readonly AlarmRecord[]): void {
    for (const alarm of alarms.toSorted((a, b) => a.changed - b.changed)) this.stamp(alarm, alarm.changed);
  }
}
