import { invalid } from '../check.ts';
import type { AlarmTimes } from './alarm-options.ts';
import { mergeFindings, extendWindow, isWorse, isPersistent, type AlarmCause, type Finding } from './finding.ts';

export type { AlarmCause, Finding };

/**
 * Kind of an alarm: a stream is anomalous ('unusual'), channels flatlined ('dead'), channels drifted ('wear'), a
 * stream has no samples ('silent'), or it cannot be recorded ('unrecorded').
 */
export type AlarmKind = 'unusual' | 'dead' | 'wear' | 'silent' | 'unrecorded';
/** All kinds of alarms. */
export const alarmKinds: readonly AlarmKind[] = ['unusual', 'dead', 'wear', 'silent', 'unrecorded'];
/**
 * State of an alarm:
 *
 * - `raised`: active and not acknowledged
 * - `escalated`: not acknowledged within the time limit (`escalateAfter`)
 * - `acknowledged`: acknowledged by a viewer, and not normal again yet
 * - `shelved`: hidden until a given time
 * - `cleared`: all its streams are normal again, or a viewer has cleared it
 */
export type AlarmState = 'raised' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared';
/**
 * A change of an alarm:
 *
 * - `raised`: a new alarm
 * - `joined`: more streams were added to it
 * - `worsened`: it became ten times as rare, or affects other channels
 * - `returned`: it was cleared or shelved, and is raised again
 * - `escalated`, `acknowledged`, `shelved`, `cleared`: it entered that state
 * - `falseAlarm`: it was marked as a false alarm
 */
export type AlarmStep =
  'raised' | 'joined' | 'worsened' | 'returned' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared' | 'falseAlarm';

/** A stream that an alarm covers. */
export interface AlarmMember extends Finding {
  /** Name of the stream. */
  stream: string;
  /** Whether its condition still holds. */
  active: boolean;
  /** When it joined the alarm, in ms since 1970. */
  joined: number;
  /** When its condition last held, in ms since 1970. */
  last: number;
}

/** Complete state of an alarm as plain JSON. Times in ms since 1970. */
export interface AlarmRecord {
  /** Number of the alarm, unique within one alarm manager, from 1. */
  id: number;
  /** Kind of the alarm. It does not change. */
  kind: AlarmKind;
  /** Current state. */
  state: AlarmState;
  /** When it was first raised. */
  raised: number;
  /** When it entered its current state. */
  entered: number;
  /** When it last changed in any way. */
  changed: number;
  /** When shelving ends; only in the state 'shelved'. */
  until?: number;
  /** Whether it was marked as a false alarm. */
  falseAlarm: boolean;
  /** Whether a user has cleared it, so that it does not return; absent = no. */
  dismissed?: boolean;
  /** How often it returned after being cleared or shelved. */
  returns: number;
  /** Streams that it covers. The first one raised it. */
  members: AlarmMember[];
}

/** Maximum number of streams per alarm. */
const maxMembers = 1024;

/** Minimum duration of the clear delay and of the cooldown, in frames. */
const minFrames = 10;

/**
 * State machine of one alarm. It has no clock: every call passes the time.
 *
 *     raised ──(not acknowledged in time)──→ escalated
 *        └───────┬──────────┬────────────────────┘
 *          acknowledged   shelved ──(until T; still active)──→ raised
 *                ├────(it worsens)────→ raised
 *                └────(all members normal)────→ cleared ──(within the cooldown)──→ raised
 *
 * A shelved alarm stays shelved until its time, no matter how its streams change. Worsening is reported as defined by
 * `isWorse`.
 */
export class AlarmLifecycle {
  readonly record: AlarmRecord;
  readonly #times: AlarmTimes;
  #reportedMembers: number;

  constructor(record: AlarmRecord, times: AlarmTimes) {
    this.record = record;
    this.#times = times;
    this.#reportedMembers = Math.max(1, record.members.length);
  }

  get open(): boolean {
    return this.record.state !== 'cleared';
  }

  /** Members whose condition still holds. */
  get active(): AlarmMember[] {
    return this.record.members.filter(({ active }) => active);
  }

  /**
   * Returns whether a finding of another stream belongs to this alarm. The alarm must not be acknowledged, shelved, or
   * cleared, and the findings must have begun together: the newest member joined just before, or, if the start is only
   * known as an interval, the intervals overlap.
   */
  accepts(stream: string, kind: AlarmKind, finding: Finding, time: number): boolean {
    const { state, members, kind: ownKind } = this.record;
    if ((state !== 'raised' && state !== 'escalated') || kind !== ownKind || members.length >= maxMembers) return false;
    if (this.member(stream)) return false;
    const { groupWithin } = this.#times;
    if (finding.by === undefined) return time - members[members.length - 1].joined <= groupWithin;
    const all = [finding, ...members];
    const latest = Math.max(...all.map(({ since }) => since));
    return latest <= Math.min(...all.map(({ by = Infinity }) => by)) + groupWithin;
  }

  /**
   * Returns whether a new finding of a member still belongs to this alarm: the member's condition holds, or ended just
   * before.
   */
  covers(member: AlarmMember, time: number): boolean {
    const { state, entered } = this.record;
    if (member.active || state === 'shelved') return true;
    const offDelay = isPersistent(member) ? 0 : atLeast(this.#times.offDelay, member);
    return time - (this.open ? member.last + offDelay : entered) < atLeast(this.#times.cooldown, member);
  }

  member(stream: string): AlarmMember | undefined {
    return this.record.members.find((member) => member.stream === stream);
  }

  join(stream: string, finding: Finding, time: number): void {
    this.record.members.push({ ...finding, stream, active: true, joined: time, last: time });
    this.record.changed = time;
  }

  /** Updates a member whose condition holds, or holds again. */
  sustain(member: AlarmMember, time: number, finding?: Finding): AlarmStep | undefined {
    const worse = finding !== undefined && isWorse(finding, member);
    if (finding) this.#merge(member, finding, worse);
    member.last = time;
    member.active = true;
    if (!this.open) {
      this.record.returns++;
      return this.#enter('raised', 'returned', time);
    }
    if (!worse) return undefined;
    this.record.changed = time;
    if (this.record.state === 'acknowledged') this.#enter('raised', 'worsened', time);
    return this.record.state === 'shelved' ? undefined : 'worsened';
  }

  /** Updates a member that is normal again. Its condition ends after the off-delay. */
  reportNormal(member: AlarmMember, time: number): AlarmStep | undefined {
    if (!member.active || time - member.last < atLeast(this.#times.offDelay, member)) return undefined;
    return this.end(member, time);
  }

  /** Ends a member's condition without a delay. */
  end(member: AlarmMember, time: number): AlarmStep | undefined {
    member.active = false;
    this.record.changed = time;
    return this.active.length > 0 || this.record.state === 'shelved' ? undefined : this.clear(time);
  }

  /** Earliest time in ms at which `tick` can have an effect, rounded down; Infinity = never. */
  get nextTick(): number {
    const { state, entered, until = 0, members } = this.record;
    if (state === 'cleared') return Infinity;
    if (members.length !== this.#reportedMembers) return -Infinity;
    if (state === 'shelved') return until;
    return state === 'raised' ? Math.floor(entered + this.#times.escalateAfter) : Infinity;
  }

  /** Applies what depends on time: end of shelving, escalation, and joined members. */
  tick(time: number): AlarmStep | undefined {
    const { state, entered, until = 0, members } = this.record;
    if (state === 'shelved' && time >= until) {
      if (this.active.length === 0) return this.clear(time);
      this.record.returns++;
      return this.#enter('raised', 'returned', time);
    }
    if (state === 'raised' && this.active.length > 0 && time - entered >= this.#times.escalateAfter)
      return this.#enter('escalated', 'escalated', time);
    if (members.length === this.#reportedMembers) return undefined;
    this.#reportedMembers = members.length;
    return 'joined';
  }

  acknowledge(time: number): AlarmStep | undefined {
    return this.open && this.record.state !== 'acknowledged'
      ? this.#enter('acknowledged', 'acknowledged', time)
      : undefined;
  }

  /**
   * Shelves the alarm.
   * @throws RangeError if `until` is in the past
   */
  shelve(until: number, time: number): AlarmStep | undefined {
    if (!(until > time)) throw invalid('until', 'a time in the future, in ms since 1970', until);
    if (!this.open) return undefined;
    const step = this.#enter('shelved', 'shelved', time);
    this.record.until = until;
    return step;
  }

  clear(time: number): AlarmStep | undefined {
    if (!this.open) return undefined;
    for (const member of this.record.members) member.active = false;
    return this.#enter('cleared', 'cleared', time);
  }

  /** Marks the alarm as a false alarm and clears it. Returns a step the first time only. */
  falseAlarm(time: number): AlarmStep | undefined {
    if (this.record.falseAlarm) return undefined;
    this.clear(time);
    this.record.falseAlarm = true;
    this.record.changed = time;
    return 'falseAlarm';
  }

  #merge(member: AlarmMember, finding: Finding, worse: boolean): void {
    const window = extendWindow(member.window, finding.window);
    if (!member.active) Object.assign(member, finding);
    else if (worse || isPersistent(finding)) Object.assign(member, mergeFindings(finding, member), { window });
    else member.window = window;
  }

  #enter(state: AlarmState, step: AlarmStep, time: number): AlarmStep {
    const { record } = this;
    record.state = state;
    record.entered = time;
    record.changed = time;
    delete record.until;
    return step;
  }
}

/** Returns a time in ms, or the duration of ten frames of the stream if that is longer. */
function atLeast(time: number, { rate }: Finding): number {
  return rate > 0 ? Math.max(time, (1000 * minFrames) / rate) : time;
}

/** Returns an alarm without members. */
export function newRecord(id: number, kind: AlarmKind, time: number): AlarmRecord {
  return {
    id,
    kind,
    state: 'raised',
    raised: time,
    entered: time,
    changed: time,
    falseAlarm: false,
    returns: 0,
    members: [],
  };
}
