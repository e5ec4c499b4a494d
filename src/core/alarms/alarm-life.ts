/** What sort of thing is wrong: a stream is out of the ordinary; a channel died; it wears; its samples stopped. */
export type AlarmKind = (typeof alarmKinds)[number];
export const alarmKinds = ['unusual', 'dead', 'wear', 'silent'] as const;
export type AlarmState = 'raised' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared';
/** What made it so; of 'unusual': a sample out of range, a slow mean out of range, a badly forecast one. */
export type AlarmCause = 'range' | 'level' | 'surprise' | 'dead' | 'wear' | 'silent';
/** What happened to an alarm. */
export type AlarmStep =
  'raised' | 'joined' | 'returned' | 'escalated' | 'acknowledged' | 'shelved' | 'cleared' | 'falseAlarm';

/** What is known of a stream that is out of the ordinary. */
export interface Finding {
  cause: AlarmCause;
  /** log10 of the mean frames between scores as high; 0 where nothing was scored. */
  score: number;
  /** Frames a second that the score counts, in Hz; 0 = irregular. */
  rate: number;
  /** Who is concerned, most first; shares are of 1. */
  channels: { label: string; share: number }[];
  /** When it began to build up, in ms. */
  since: number;
  /** The frames it was found in, absolute, of a run: the first, and the newest. */
  window: { run: number; from: number; to: number };
}

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
const mostMembers = 1024;

/** How long alarms stand. */
export interface LifeTimes {
  calm: number;
  escalateAfter: number;
}

/**
 * One alarm from its raising to its end. It has no clock: every call tells the time.
 *
 *     raised ──(nobody acknowledges)──→ escalated
 *        └───────┬──────────┬──────────────┘
 *          acknowledged   shelved ──(until T; still active)──→ raised
 *                └────(all members calm)────→ cleared ──(within the cooldown)──→ raised
 *
 * A shelved alarm stays shelved until its time, however often its streams come and go.
 */
export class AlarmLife {
  readonly record: AlarmRecord;
  readonly #times: LifeTimes;
  #told: number;

  constructor(record: AlarmRecord, times: LifeTimes) {
    this.record = record;
    this.#times = times;
    this.#told = Math.max(1, record.members.length);
  }

  get open(): boolean {
    return this.record.state !== 'cleared';
  }

  /** Whether a stream with something of this kind belongs to it: it is raised, and its newest member came at `since` or later. */
  takes(kind: AlarmKind, since: number): boolean {
    const { state, members, kind: own } = this.record;
    return (
      state === 'raised' && kind === own && members.length < mostMembers && members[members.length - 1].joined >= since
    );
  }

  member(stream: string): AlarmMember | undefined {
    return this.record.members.find((member) => member.stream === stream);
  }

  join(stream: string, finding: Finding, time: number): void {
    this.record.members.push({ ...finding, stream, active: true, joined: time, last: time });
    this.record.changed = time;
  }

  /** A member is out of the ordinary, or is so again; a finding that is rarer than the one before takes its place. */
  out(member: AlarmMember, time: number, finding?: Finding): AlarmStep | undefined {
    if (finding && !member.active) Object.assign(member, finding);
    else if (finding) {
      const { since, window } = member;
      if (finding.score > member.score) Object.assign(member, finding, { since });
      member.window = { ...window, to: finding.window.to };
    }
    member.last = time;
    member.active = true;
    if (this.open) return undefined;
    this.record.returns++;
    return this.#enter('raised', 'returned', time);
  }

  /** A member was seen, and is as usual. */
  calm(member: AlarmMember, time: number): AlarmStep | undefined {
    if (!member.active || time - member.last < this.#times.calm) return undefined;
    return this.end(member, time);
  }

  /** A member is as usual again, and no time needs to pass. */
  end(member: AlarmMember, time: number): AlarmStep | undefined {
    member.active = false;
    this.record.changed = time;
    return this.#active || this.record.state === 'shelved' ? undefined : this.clear(time);
  }

  /** What the time brings. */
  tick(time: number): AlarmStep | undefined {
    const { state, entered, until = 0, members } = this.record;
    if (state === 'shelved' && time >= until) {
      if (!this.#active) return this.clear(time);
      this.record.returns++;
      return this.#enter('raised', 'returned', time);
    }
    if (state === 'raised' && this.#active && time - entered >= this.#times.escalateAfter)
      return this.#enter('escalated', 'escalated', time);
    if (members.length === this.#told) return undefined;
    this.#told = members.length;
    return 'joined';
  }

  acknowledge(time: number): AlarmStep | undefined {
    return this.open && this.record.state !== 'acknowledged'
      ? this.#enter('acknowledged', 'acknowledged', time)
      : undefined;
  }

  shelve(until: number, time: number): AlarmStep | undefined {
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

  get #active(): boolean {
    return this.record.members.some(({ active }) => active);
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
