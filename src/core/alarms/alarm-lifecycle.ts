import { invalid } from '../check.ts';
import type { AlarmOptions } from './alarm-options.ts';
import { mergeFindings, extendWindow, isWorse, isPersistent, type AlarmCause, type Finding } from './finding.ts';

export type { AlarmCause, Finding };

/** What sort of thing is wrong: a stream is out of the ordinary; channels died; they wear; its samples stopped. */
export type AlarmKind = (typeof alarmKinds)[number];
export const alarmKinds = ['unusual', 'dead', 'wear', 'silent'] as const;
export type AlarmState = 'raised' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared';
/** What happened to an alarm. */
export type AlarmStep =
  'raised' | 'joined' | 'worsened' | 'returned' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared' | 'falseAlarm';

/** A stream in an alarm. */
export interface AlarmMember extends Finding {
  stream: string;
  /** Whether it is out of the ordinary still. */
  active: boolean;
  /** When it came into the alarm, and when it was last out of the ordinary, in ms. */
  joined: number;
  last: number;
}

/** An alarm as it stands: plain JSON, and all that there is to know of it. Times in ms since 1970. */
export interface AlarmRecord {
  id: number;
  kind: AlarmKind;
  state: AlarmState;
  raised: number;
  /** When its state was entered, and when anything of it last changed. */
  entered: number;
  changed: number;
  /** Of a shelved one: until when. */
  until?: number;
  falseAlarm: boolean;
  /** How often it came back after it had been cleared or shelved. */
  returns: number;
  /** The streams it is of; the first raised it. */
  members: AlarmMember[];
}

/** Streams that one alarm may have. */
const maxMembers = 1024;

/** Frames that a stream is calm for at least, and that its cooldown lasts. */
const minFrames = 10;

/**
 * One alarm from its raising to its end. It has no clock: every call tells the time.
 *
 *     raised ──(nobody acknowledges)──→ escalated
 *        └───────┬──────────┬──────────────┘
 *          acknowledged   shelved ──(until T; still active)──→ raised
 *                ├────(it worsens)────→ raised
 *                └────(all members calm)────→ cleared ──(within the cooldown)──→ raised
 *
 * A shelved alarm stays shelved until its time, however often its streams come and go. What worsens is told, as
 * `isWorse` has it.
 */
export class AlarmLifecycle {
  readonly record: AlarmRecord;
  readonly #times: Required<AlarmOptions>;
  #reportedMembers: number;

  constructor(record: AlarmRecord, times: Required<AlarmOptions>) {
    this.record = record;
    this.#times = times;
    this.#reportedMembers = Math.max(1, record.members.length);
  }

  get open(): boolean {
    return this.record.state !== 'cleared';
  }

  /** Members that are out of the ordinary. */
  get active(): AlarmMember[] {
    return this.record.members.filter(({ active }) => active);
  }

  /**
   * Whether what was found of a stream belongs to it: nobody has seen to it yet, and both began together, as the newest
   * member came a moment ago; or, where that is known no better than between two times, as all may have begun at one.
   */
  accepts(stream: string, kind: AlarmKind, finding: Finding, time: number): boolean {
    const { state, members, kind: own } = this.record;
    if ((state !== 'raised' && state !== 'escalated') || kind !== own || members.length >= maxMembers) return false;
    if (this.member(stream)) return false;
    const { together } = this.#times;
    if (finding.by === undefined) return time - members[members.length - 1].joined <= together;
    const all = [finding, ...members];
    const latest = Math.max(...all.map(({ since }) => since));
    return latest <= Math.min(...all.map(({ by = Infinity }) => by)) + together;
  }

  /** Whether what is found of a member belongs to it still: the member is out of the ordinary, or was a moment ago. */
  covers(member: AlarmMember, time: number): boolean {
    const { state, entered } = this.record;
    if (member.active || state === 'shelved') return true;
    const reportNormal = isPersistent(member) ? 0 : atLeast(this.#times.calm, member);
    return time - (this.open ? member.last + reportNormal : entered) < atLeast(this.#times.cooldown, member);
  }

  member(stream: string): AlarmMember | undefined {
    return this.record.members.find((member) => member.stream === stream);
  }

  join(stream: string, finding: Finding, time: number): void {
    this.record.members.push({ ...finding, stream, active: true, joined: time, last: time });
    this.record.changed = time;
  }

  /** A member is out of the ordinary, or is so again. */
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

  /** A member was seen, and is as usual. */
  calm(member: AlarmMember, time: number): AlarmStep | undefined {
    if (!member.active || time - member.last < atLeast(this.#times.calm, member)) return undefined;
    return this.end(member, time);
  }

  /** A member is as usual again, and no time needs to pass. */
  end(member: AlarmMember, time: number): AlarmStep | undefined {
    member.active = false;
    this.record.changed = time;
    return this.active.length > 0 || this.record.state === 'shelved' ? undefined : this.clear(time);
  }

  /** What the time brings to an open one. */
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

  /** Throws a RangeError where `until` is past. */
  shelve(until: number, time: number): AlarmStep | undefined {
    if (!(until > time)) throw invalid('until', 'a time to come, in ms since 1970', until);
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

  /** Somebody says that it was nothing; true once, whether it is open or not. */
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

/** A time in ms, or ten frames of a stream where that is longer. */
function atLeast(time: number, { rate }: Finding): number {
  return rate > 0 ? Math.max(time, (1000 * minFrames) / rate) : time;
}

/** An alarm without members yet. */
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
