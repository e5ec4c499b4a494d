import {
  type AlarmKind,
  alarmKinds,
  AlarmLifecycle,
  type AlarmRecord,
  type AlarmStep,
  newRecord,
} from './alarm-lifecycle.ts';
import { alarmOptions, type AlarmOptions, type AlarmTimes } from './alarm-options.ts';
import { Dismissals, inMaintenance, withMaintenance, type MaintenanceWindow } from './suppression.ts';
import { affectedChannels, type Finding, isPersistent } from './finding.ts';

/** A change of an alarm, and the alarm after it. */
export interface AlarmEvent {
  /** Kind of change. */
  readonly step: AlarmStep;
  /** Time of the change, in ms since 1970. */
  readonly time: number;
  /** The alarm after the change. */
  readonly alarm: AlarmRecord;
}

/** State of an alarm manager as plain JSON. */
export interface AlarmManagerState {
  next: number;
  alarms: AlarmRecord[];
  maintenance: MaintenanceWindow[];
  counts: AlarmCount[];
  /** Persistent conditions whose alarm was cleared manually and that have not ended. */
  dismissed: string[];
}

/** Maximum number of cleared alarms that are kept. */
const maxClosed = 500;
/** Maximum number of streams of all cleared alarms that are kept. */
const maxClosedMembers = 5000;

/**
 * Manages the alarms of all streams, from the first finding to the end of each. It has no clock: every call passes the
 * time in ms.
 *
 *     report(a) ─┐                    steps: raised ─→ (joined, worsened) ─→ escalated | acknowledged | shelved ─→ cleared
 *     report(b) ─┴ within 5 s: one    and `returned`, if it comes back within the cooldown or after shelving
 *
 * Alarms of one kind that begin together are grouped into one, with a member per stream: if a gateway in front of 300
 * devices fails, there is one alarm. A stream has at most one alarm per kind at a time. Persistent conditions (a
 * flatlined or drifted channel, a stream without samples or recording) must be reported at every frame or tick while they hold, so
 * that they are raised when maintenance ends and when they have lasted long enough.
 */
export class AlarmManager {
  readonly #options: AlarmTimes;
  /** By id, oldest first. */
  readonly #lifecycles = new Map<number, AlarmLifecycle>();
  /** Newest alarm per stream and kind. */
  readonly #latest = new Map<string, AlarmLifecycle>();
  /** Findings that have not been raised yet, and the time of the first one. */
  readonly #pending = new Map<string, { first: number; finding: Finding }>();
  readonly #dismissals = new Dismissals();
  readonly #counts = new AlarmCounts();
  #maintenance: MaintenanceWindow[] = [];
  #next = 1;

  constructor(options: AlarmOptions = {}) {
    this.#options = alarmOptions(options);
  }

  /** All alarms, newest first. */
  get alarms(): AlarmRecord[] {
    return Array.from(this.#lifecycles.values(), ({ record }) => structuredClone(record)).reverse();
  }

  /** All alarms by id, not copied: they change with every call. */
  get records(): Readonly<AlarmRecord>[] {
    return Array.from(this.#lifecycles.values(), ({ record }) => record);
  }

  /** Returns whether an alarm is open or among the cleared ones that are kept. */
  has(id: number): boolean {
    return this.#lifecycles.has(id);
  }

  get counts(): AlarmCount[] {
    return this.#counts.save();
  }

  /** Returns the counts of a stream; undefined if there are none. */
  count(stream: string): AlarmCount | undefined {
    return this.#counts.get(stream);
  }

  get maintenance(): readonly MaintenanceWindow[] {
    return this.#maintenance;
  }

  /**
   * Earliest time in ms at which `tick` can have an effect, unless another method is called first; Infinity = never.
   */
  get nextTick(): number {
    let next = Infinity;
    for (const { until } of this.#maintenance) next = Math.min(next, until);
    for (const lifecycle of this.#lifecycles.values()) next = Math.min(next, lifecycle.nextTick);
    return next;
  }

  /** How far below the threshold a score keeps an alarm active, in decades. */
  get hysteresis(): number {
    return this.#options.hysteresis;
  }

  /** Returns the channels that make a stream anomalous now; undefined if it is normal. */
  affectedChannels(stream: string, kind: AlarmKind): readonly string[] | undefined {
    const key = keyOf(stream, kind);
    const member = this.#latest.get(key)?.member(stream);
    const finding = member?.active ? member : this.#pending.get(key)?.finding;
    return finding && affectedChannels(finding);
  }

  /** Reports a finding of a stream that is beyond the alarm threshold. */
  report(stream: string, kind: AlarmKind, reported: Finding, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const finding = this.#dismissals.remaining(key, reported);
    if (!finding) return [];
    const lifecycle = this.#latest.get(key);
    const member = lifecycle?.member(stream);
    if (inMaintenance(this.#maintenance, stream, time)) return this.sustain(stream, kind, time);
    if (lifecycle && member && lifecycle.covers(member, time))
      return this.#event(lifecycle, lifecycle.sustain(member, time, finding), time);
    if (!this.#pending.has(key)) this.#pending.set(key, { first: time, finding });
    return this.#raisePending(stream, kind, time);
  }

  /** Reports that a stream is still anomalous, but below the alarm threshold. */
  sustain(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const lifecycle = this.#latest.get(keyOf(stream, kind));
    const member = lifecycle?.member(stream);
    return lifecycle && member?.active
      ? this.#event(lifecycle, lifecycle.sustain(member, time), time)
      : this.#raisePending(stream, kind, time);
  }

  /** Reports that a stream is normal. */
  reportNormal(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const lifecycle = this.#latest.get(key);
    const member = lifecycle?.member(stream);
    this.#pending.delete(key);
    return lifecycle && member ? this.#event(lifecycle, lifecycle.reportNormal(member, time), time) : [];
  }

  /** Reports that a condition of a stream has ended. */
  end(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const lifecycle = this.#latest.get(key);
    const member = lifecycle?.member(stream);
    this.#dismissals.end(key);
    this.#pending.delete(key);
    return lifecycle && member?.active ? this.#event(lifecycle, lifecycle.end(member, time), time) : [];
  }

  /** Ends all conditions of a stream that no longer exists. */
  removeStream(stream: string, time: number): AlarmEvent[] {
    return alarmKinds.flatMap((kind) => this.end(stream, kind, time));
  }

  /**
   * Applies what depends on time: escalation, end of shelving, and joined members. Alarms whose active streams are all
   * in maintenance do not change.
   */
  tick(time: number): AlarmEvent[] {
    this.#maintenance = this.#maintenance.filter(({ until }) => until > time);
    const events: AlarmEvent[] = [];
    for (const lifecycle of this.#lifecycles.values()) {
      if (!lifecycle.open) continue;
      const { active } = lifecycle;
      const inMaintenanceOnly =
        active.length > 0 && active.every(({ stream }) => inMaintenance(this.#maintenance, stream, time));
      if (!inMaintenanceOnly) events.push(...this.#event(lifecycle, lifecycle.tick(time), time));
    }
    return events;
  }

  /** Acknowledges an alarm. Returns undefined if there is no alarm with this id. */
  acknowledge(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (lifecycle) => lifecycle.acknowledge(time));
  }

  /**
   * Shelves an alarm. Returns undefined if there is no alarm with this id.
   * @throws RangeError if `until` is in the past
   */
  shelve(id: number, until: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (lifecycle) => lifecycle.shelve(until, time));
  }

  clear(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (lifecycle) => {
      this.#dismiss(lifecycle);
      return lifecycle.clear(time);
    });
  }

  /** Marks an alarm as a false alarm: clears it and counts it for each of its streams. */
  falseAlarm(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (lifecycle) => {
      this.#dismiss(lifecycle);
      const step = lifecycle.falseAlarm(time);
      if (step) for (const { stream } of lifecycle.record.members) this.#counts.add(stream, 'falseAlarms');
      return step;
    });
  }

  /** Suppresses new alarms of matching streams until a time. A time in the past ends the maintenance. */
  setMaintenance(one: MaintenanceWindow, time: number): void {
    this.#maintenance = withMaintenance(this.#maintenance, one, time);
  }

  save(): AlarmManagerState {
    return { ...this.saveRest(), alarms: this.alarms };
  }

  /** Returns the state without the alarms. */
  saveRest(): Omit<AlarmManagerState, 'alarms'> {
    return {
      next: this.#next,
      maintenance: [...this.#maintenance],
      counts: this.counts,
      dismissed: this.#dismissals.save(),
    };
  }

  restore({ next, alarms, maintenance, counts, dismissed }: AlarmManagerState): void {
    this.#next = next;
    for (const record of alarms.toReversed()) {
      const lifecycle = new AlarmLifecycle(structuredClone(record), this.#options);
      this.#add(lifecycle);
      this.#attach(lifecycle);
      if (record.dismissed) this.#detach(lifecycle);
    }
    this.#maintenance = [...maintenance];
    this.#counts.restore(counts);
    this.#dismissals.restore(dismissed);
  }

  /** Adds a cleared alarm that was dropped, so that an action can be applied to it. */
  recall(alarm: AlarmRecord): void {
    this.#add(new AlarmLifecycle(structuredClone(alarm), this.#options));
  }

  /** Raises a pending alarm once it has lasted long enough, or adds the stream to one that has just begun. */
  #raisePending(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    if (inMaintenance(this.#maintenance, stream, time)) this.#pending.delete(key);
    const pending = this.#pending.get(key);
    if (!pending || time - pending.first < this.#options.onDelay) return [];
    this.#pending.delete(key);
    this.#counts.add(stream, 'alarms');
    const joined = [...this.#lifecycles.values()].findLast((lifecycle) =>
      lifecycle.accepts(stream, kind, pending.finding, time),
    );
    const lifecycle = joined ?? new AlarmLifecycle(newRecord(this.#next++, kind, time), this.#options);
    lifecycle.join(stream, pending.finding, time);
    this.#latest.set(key, lifecycle);
    if (joined) return [];
    this.#add(lifecycle);
    return this.#event(lifecycle, 'raised', time);
  }

  #add(lifecycle: AlarmLifecycle): void {
    this.#lifecycles.set(lifecycle.record.id, lifecycle);
    this.#dropClosed();
  }

  #attach(lifecycle: AlarmLifecycle): void {
    for (const { stream } of lifecycle.record.members)
      this.#latest.set(keyOf(stream, lifecycle.record.kind), lifecycle);
  }

  /** Drops the oldest cleared alarms beyond the limits. */
  #dropClosed(): void {
    const closed = [...this.#lifecycles.values()].filter(({ open }) => !open);
    let members = 0;
    const kept = closed.toReversed().findIndex((lifecycle, n) => {
      members += lifecycle.record.members.length;
      return n > 0 && (n >= maxClosed || members > maxClosedMembers);
    });
    for (const dropped of kept < 0 ? [] : closed.slice(0, closed.length - kept)) {
      this.#lifecycles.delete(dropped.record.id);
      this.#detach(dropped);
    }
  }

  /**
   * Detaches an alarm that was cleared manually, so that it does not return. Persistent conditions are not reported
   * again until they end.
   */
  #dismiss(lifecycle: AlarmLifecycle): void {
    const { kind, members } = lifecycle.record;
    for (const member of members)
      if (member.active && isPersistent(member)) this.#dismissals.add(keyOf(member.stream, kind), member);
    lifecycle.record.dismissed = true;
    this.#detach(lifecycle);
  }

  #detach(lifecycle: AlarmLifecycle): void {
    for (const { stream } of lifecycle.record.members) {
      const key = keyOf(stream, lifecycle.record.kind);
      if (this.#latest.get(key) === lifecycle) this.#latest.delete(key);
    }
  }

  #apply(
    id: number,
    time: number,
    change: (lifecycle: AlarmLifecycle) => AlarmStep | undefined,
  ): AlarmEvent[] | undefined {
    const lifecycle = this.#lifecycles.get(id);
    return lifecycle && this.#event(lifecycle, change(lifecycle), time);
  }

  #event(lifecycle: AlarmLifecycle, step: AlarmStep | undefined, time: number): AlarmEvent[] {
    return step ? [{ step, time, alarm: structuredClone(lifecycle.record) }] : [];
  }
}

function keyOf(stream: string, kind: AlarmKind): string {
  return `${stream} ${kind}`;
}

/** Number of alarms and false alarms of a stream. */
export interface AlarmCount {
  stream: string;
  alarms: number;
  falseAlarms: number;
}

/** Maximum number of streams that are counted. */
const maxCountedStreams = 1024;

/**
 * Counts alarms and false alarms per stream. If there are too many streams, the one without an alarm for the longest
 * time is dropped.
 */
class AlarmCounts {
  readonly #counts = new Map<string, AlarmCount>();

  add(stream: string, what: 'alarms' | 'falseAlarms'): void {
    const count = this.#counts.get(stream) ?? { stream, alarms: 0, falseAlarms: 0 };
    count[what]++;
    this.#counts.delete(stream);
    this.#counts.set(stream, count);
    const [first] = this.#counts.keys();
    if (this.#counts.size > maxCountedStreams) this.#counts.delete(first);
  }

  get(stream: string): AlarmCount | undefined {
    const count = this.#counts.get(stream);
    return count && { ...count };
  }

  save(): AlarmCount[] {
    return Array.from(this.#counts.values(), (count) => ({ ...count }));
  }

  restore(counts: readonly AlarmCount[]): void {
    for (const count of counts) this.#counts.set(count.stream, { ...count });
  }
}
