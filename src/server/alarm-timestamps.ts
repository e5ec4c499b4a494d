import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';

/**
 * The time of the last event of each alarm by the server's clock. The times of the frames are older, and a client that
 * polls for changes since its last request must not miss any. Times are unique and strictly increasing, even if the clock
 * is set back.
 */
export class AlarmTimestamps {
  #last = -Infinity;
  #times = new Map<number, number>();

  /** Returns a time later than every timestamp. */
  next(now: number): number {
    this.#last = Math.max(now, this.#last + 1);
    return this.#last;
  }

  /** Returns the alarm with a new timestamp. */
  stamp(alarm: AlarmRecord, now: number): AlarmRecord {
    const changed = this.next(now);
    this.#times.set(alarm.id, changed);
    return { ...alarm, changed };
  }

  /** Returns the timestamp of an alarm. */
  of({ id, changed }: Pick<AlarmRecord, 'id' | 'changed'>): number {
    return this.#times.get(id) ?? changed;
  }

  /** Uses the timestamp of a stored alarm. */
  keep({ id, changed }: AlarmRecord): void {
    this.#times.set(id, changed);
    this.#last = Math.max(this.#last, changed);
  }

  /** Returns all current alarms with their timestamps, and deletes the timestamps of others. */
  stamped(alarms: readonly AlarmRecord[]): AlarmRecord[] {
    const all = alarms.map((alarm) => ({ ...alarm, changed: this.#times.get(alarm.id) ?? this.next(alarm.changed) }));
    this.#times = new Map(all.map(({ id, changed }) => [id, changed]));
    return all;
  }

  /** Restores the timestamps of saved alarms. */
  restore(alarms: readonly AlarmRecord[]): void {
    for (const alarm of alarms.toSorted((a, b) => a.changed - b.changed)) this.stamp(alarm, alarm.changed);
  }
}
