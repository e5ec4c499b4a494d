import type { AlarmCause, AlarmKind, AlarmMember, AlarmRecord } from '../../core/alarms/alarm-lifecycle.ts';
import type { AlarmEvent } from '../../core/alarms/alarm-manager.ts';

/** An alarm of one stream. An alarm of several streams is split into one per stream. */
export interface StreamAlarm {
  readonly stream: string;
  /** Number of the alarm in the server or the replay that raised it. */
  readonly id: number;
  readonly kind: AlarmKind;
  readonly cause: AlarmCause;
  /** Its run, and the first frame of the anomaly. */
  readonly run: number;
  readonly from: number;
  /** The newest frame in which it was found. */
  to: number;
  /** When the stream joined it, and when it was cleared, in ms since 1970; undefined: it is open. */
  readonly raised: number;
  cleared: number | undefined;
  /** log10 of the mean number of frames between scores that are at least as high, when it was raised; 0: no score. */
  readonly score: number;
  /** Rate of the scored frames in Hz; 0 = irregular. */
  readonly scoreRate: number;
  /** Channels when it was raised, the most affected first, with their shares. */
  readonly channels: readonly { readonly label: string; readonly share: number }[];
  /** Whether a user marked it as a false alarm. */
  falseAlarm: boolean;
  /** Sampling rate of the stream in Hz. */
  readonly rate: number;
}

/** Whether an alarm depends on samples only. Missing samples and failures of the disk cannot be replayed. */
export function isReplayed({ kind }: Pick<AlarmRecord, 'kind'>): boolean {
  return kind === 'unusual' || kind === 'dead' || kind === 'wear';
}

/** Collects the alarms of streams from the events of an alarm manager. */
export class AlarmCollection {
  /** All alarms that were raised within the span, in order. */
  readonly raised: StreamAlarm[] = [];
  readonly #known = new Map<string, StreamAlarm | undefined>();

  /**
   * Adds an event for one stream.
   * @param isInSpan whether an alarm that is raised now counts
   * @param rate sampling rate of the stream in Hz
   * @param isNew whether an alarm whose first event was not read can have been raised by these frames
   */
  add(
    { step, time, alarm }: AlarmEvent,
    stream: string,
    isInSpan: boolean,
    rate: number,
    isNew: (frames: AlarmMember['window']) => boolean = () => true,
  ): void {
    if (!isReplayed(alarm)) return;
    const member = alarm.members.find((each) => each.stream === stream);
    if (!member) return;
    const key = keyOf(alarm, stream);
    if (this.#known.has(key)) {
      const known = this.#known.get(key);
      if (known) update(known, alarm, stream);
      return;
    }
    if (step !== 'raised' && !isNew(member.window)) return;
    const { cause, score, rate: scoreRate, channels, window, joined } = member;
    const { run, from, to } = window;
    const { id, kind, falseAlarm } = alarm;
    const added: StreamAlarm = {
      stream,
      id,
      kind,
      cause,
      run,
      from,
      to,
      raised: step === 'returned' ? time : joined,
      cleared: undefined,
      score,
      scoreRate,
      channels: channels.map((each) => ({ ...each })),
      falseAlarm,
      rate,
    };
    this.#known.set(key, isInSpan ? added : undefined);
    if (isInSpan) this.raised.push(added);
  }

  /** Updates the alarms to a state of the alarm manager. */
  update(alarms: readonly AlarmRecord[]): void {
    for (const alarm of alarms)
      for (const { stream } of alarm.members) {
        const known = this.#known.get(keyOf(alarm, stream));
        if (known) update(known, alarm, stream);
      }
  }
}

function keyOf({ id, raised }: AlarmRecord, stream: string): string {
  return `${id} ${raised} ${stream}`;
}

function update(known: StreamAlarm, { state, entered, members, falseAlarm }: AlarmRecord, stream: string): void {
  const window = members.find((each) => each.stream === stream)?.window;
  if (window?.run === known.run) known.to = Math.max(known.to, window.to);
  known.cleared = state === 'cleared' ? entered : undefined;
  known.falseAlarm = falseAlarm;
}
