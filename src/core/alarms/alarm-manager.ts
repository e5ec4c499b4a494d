import {
  type AlarmKind,
  alarmKinds,
  AlarmLifecycle,
  type AlarmRecord,
  type AlarmStep,
  newRecord,
} from './alarm-lifecycle.ts';
import { alarmOptions, type AlarmOptions } from './alarm-options.ts';
import { Dismissals } from './suppression.ts';
import { affectedChannels, type Finding, isPersistent } from './finding.ts';
import { inMaintenance, withMaintenance, type MaintenanceWindow } from './suppression.ts';

/** Something that happened to an alarm, and the alarm as it stands then. */
export interface AlarmEvent {
  readonly step: AlarmStep;
  /** ms since 1970. */
  readonly time: number;
  readonly alarm: AlarmRecord;
}

/** Everything that a book remembers, as plain JSON. */
export interface AlarmManagerState {
  next: number;
  alarms: AlarmRecord[];
  maintenance: MaintenanceWindow[];
  counts: AlarmCount[];
  /** What was cleared by hand and is not over. */
  dismissed: string[];
}

/** Closed alarms that are remembered. */
const maxClosed = 500;

/**
 * The alarms of all streams, from evidence to the end of each. It has no clock: every call tells the time, in ms.
 *
 *     alarm(a) ─┐                    steps: raised ─→ (joined, worsened) ─→ escalated | acknowledged | shelved ─→ cleared
 *     alarm(b) ─┴ within 5 s: one    and `returned`, when it comes back within the cooldown or after its shelving
 *
 * Alarms of one kind that begin together are one, with a member for each stream: three hundred devices behind a gateway
 * that fails are one alarm. A stream has one alarm of a kind at a time. What lasts (a channel that is dead or worn, a stream
 * that is silent) is told to the book at every frame or tick while it does, so that it is raised when maintenance is over,
 * and when it has lasted long enough.
 */
export class AlarmManager {
  readonly #options: Required<AlarmOptions>;
  /** By id, the oldest first. */
  readonly #lifecycles = new Map<number, AlarmLifecycle>();
  /** The newest alarm of a stream and kind. */
  readonly #latest = new Map<string, AlarmLifecycle>();
  /** What is out of the ordinary and not told yet, and since when. */
  readonly #pending = new Map<string, { first: number; finding: Finding }>();
  readonly #dismissals = new Dismissals();
  readonly #counts = new AlarmCounts();
  #maintenance: MaintenanceWindow[] = [];
  #next = 1;

  constructor(options: AlarmOptions = {}) {
    this.#options = alarmOptions(options);
  }

  /** Every alarm that is remembered, as it stands; the newest first. */
  get alarms(): AlarmRecord[] {
    return Array.from(this.#lifecycles.values(), ({ record }) => structuredClone(record)).reverse();
  }

  get counts(): AlarmCount[] {
    return this.#counts.save();
  }

  get maintenance(): readonly MaintenanceWindow[] {
    return this.#maintenance;
  }

  /** How far below the threshold a score keeps an alarm up, in decades. */
  get hysteresis(): number {
    return this.#options.hysteresis;
  }

  /** The channels by which a stream is out of the ordinary now; undefined: it is not. */
  affectedChannels(stream: string, kind: AlarmKind): readonly string[] | undefined {
    const key = keyOf(stream, kind);
    const member = this.#latest.get(key)?.member(stream);
    const finding = member?.active ? member : this.#pending.get(key)?.finding;
    return finding && affectedChannels(finding);
  }

  /** A stream is out of the ordinary, beyond what may be. */
  report(stream: string, kind: AlarmKind, found: Finding, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const finding = this.#dismissals.remaining(key, found);
    if (!finding) return [];
    const life = this.#latest.get(key);
    const member = life?.member(stream);
    if (inMaintenance(this.#maintenance, stream, time)) return this.sustain(stream, kind, time);
    if (life && member && life.covers(member, time))
      return this.#event(life, life.sustain(member, time, finding), time);
    if (!this.#pending.has(key)) this.#pending.set(key, { first: time, finding });
    return this.#raisePending(stream, kind, time);
  }

  /** A stream is still out of the ordinary, by less than what raises an alarm. */
  sustain(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const life = this.#latest.get(keyOf(stream, kind));
    const member = life?.member(stream);
    return life && member?.active
      ? this.#event(life, life.sustain(member, time), time)
      : this.#raisePending(stream, kind, time);
  }

  /** A stream was seen, and is as usual. */
  reportNormal(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const life = this.#latest.get(key);
    const member = life?.member(stream);
    this.#pending.delete(key);
    return life && member ? this.#event(life, life.calm(member, time), time) : [];
  }

  /** What was wrong with a stream is over. */
  end(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    const life = this.#latest.get(key);
    const member = life?.member(stream);
    this.#dismissals.end(key);
    this.#pending.delete(key);
    return life && member?.active ? this.#event(life, life.end(member, time), time) : [];
  }

  /** A stream is no more: whatever was wrong with it is over. */
  removeStream(stream: string, time: number): AlarmEvent[] {
    return alarmKinds.flatMap((kind) => this.end(stream, kind, time));
  }

  /** What the time brings: escalations, ends of shelving, who joined since; nothing to an alarm that is all in maintenance. */
  tick(time: number): AlarmEvent[] {
    this.#maintenance = this.#maintenance.filter(({ until }) => until > time);
    const events: AlarmEvent[] = [];
    for (const life of this.#lifecycles.values()) {
      if (!life.open) continue;
      const { active } = life;
      const rests = active.length > 0 && active.every(({ stream }) => inMaintenance(this.#maintenance, stream, time));
      if (!rests) events.push(...this.#event(life, life.tick(time), time));
    }
    return events;
  }

  /** Somebody has seen an alarm; undefined: there is none of this id. */
  acknowledge(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (life) => life.acknowledge(time));
  }

  /** Throws a RangeError where `until` is past. */
  shelve(id: number, until: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (life) => life.shelve(until, time));
  }

  clear(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (life) => {
      this.#dismiss(life);
      return life.clear(time);
    });
  }

  /** Somebody says that an alarm was nothing: it is cleared, and counted once for each of its streams. */
  falseAlarm(id: number, time: number): AlarmEvent[] | undefined {
    return this.#apply(id, time, (life) => {
      this.#dismiss(life);
      const step = life.falseAlarm(time);
      if (step) for (const { stream } of life.record.members) this.#counts.add(stream, 'falseAlarms');
      return step;
    });
  }

  /** Nothing new is told of these streams until a time; one that is past ends it. */
  setMaintenance(one: MaintenanceWindow, time: number): void {
    this.#maintenance = withMaintenance(this.#maintenance, one, time);
  }

  save(): AlarmManagerState {
    return {
      next: this.#next,
      alarms: this.alarms,
      maintenance: [...this.#maintenance],
      counts: this.counts,
      dismissed: this.#dismissals.save(),
    };
  }

  restore({ next, alarms, maintenance, counts, dismissed }: AlarmManagerState): void {
    this.#next = next;
    for (const record of alarms.toReversed()) this.#add(new AlarmLifecycle(structuredClone(record), this.#options));
    this.#maintenance = [...maintenance];
    this.#counts.restore(counts);
    this.#dismissals.restore(dismissed);
  }

  /** Raises the alarm that is pending, once it has lasted; or lets the stream join the one that has just begun. */
  #raisePending(stream: string, kind: AlarmKind, time: number): AlarmEvent[] {
    const key = keyOf(stream, kind);
    if (inMaintenance(this.#maintenance, stream, time)) this.#pending.delete(key);
    const pending = this.#pending.get(key);
    if (!pending || time - pending.first < this.#options.least) return [];
    this.#pending.delete(key);
    this.#counts.add(stream, 'alarms');
    const begun = [...this.#lifecycles.values()].findLast((life) => life.accepts(stream, kind, pending.finding, time));
    const life = begun ?? new AlarmLifecycle(newRecord(this.#next++, kind, time), this.#options);
    life.join(stream, pending.finding, time);
    this.#latest.set(key, life);
    if (begun) return [];
    this.#add(life);
    return this.#event(life, 'raised', time);
  }

  #add(life: AlarmLifecycle): void {
    this.#lifecycles.set(life.record.id, life);
    if (life.open)
      for (const { stream } of life.record.members) this.#latest.set(keyOf(stream, life.record.kind), life);
    const closed = [...this.#lifecycles.values()].filter(({ open }) => !open);
    for (const old of closed.slice(0, Math.max(0, closed.length - maxClosed))) {
      this.#lifecycles.delete(old.record.id);
      this.#detach(old);
    }
  }

  /** What was cleared by hand does not come back; what lasts is not told again until it is over. */
  #dismiss(life: AlarmLifecycle): void {
    const { kind, members } = life.record;
    for (const member of members)
      if (member.active && isPersistent(member)) this.#dismissals.add(keyOf(member.stream, kind), member);
    this.#detach(life);
  }

  #detach(life: AlarmLifecycle): void {
    for (const { stream } of life.record.members) {
      const key = keyOf(stream, life.record.kind);
      if (this.#latest.get(key) === life) this.#latest.delete(key);
    }
  }

  #apply(id: number, time: number, work: (life: AlarmLifecycle) => AlarmStep | undefined): AlarmEvent[] | undefined {
    const life = this.#lifecycles.get(id);
    return life && this.#event(life, work(life), time);
  }

  #event(life: AlarmLifecycle, step: AlarmStep | undefined, time: number): AlarmEvent[] {
    return step ? [{ step, time, alarm: structuredClone(life.record) }] : [];
  }
}

function keyOf(stream: string, kind: AlarmKind): string {
  return `${stream} ${kind}`;
}

/** How often a stream was told, and how often that was wrong. */
export interface AlarmCount {
  stream: string;
  alarms: number;
  falseAlarms: number;
}

/** Streams that are counted. */
const maxCountedStreams = 1024;

/** Counts alarms and false alarms of every stream; of too many the one that was quiet longest is forgotten. */
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

  save(): AlarmCount[] {
    return Array.from(this.#counts.values(), (count) => ({ ...count }));
  }

  restore(counts: readonly AlarmCount[]): void {
    for (const count of counts) this.#counts.set(count.stream, { ...count });
  }
}
