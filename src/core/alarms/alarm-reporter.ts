import { normalScore } from '../detector/calibration.ts';
import type { Alarm, ChannelFault, Detected } from '../detector/detector.ts';
import type { AlarmEvent, AlarmManager } from './alarm-manager.ts';
import { type AlarmCause, type Finding, maxNamedChannels } from './finding.ts';

/** Name, channels, and rate of a stream to monitor. */
export interface MonitoredStream {
  name: string;
  /** One label per channel. */
  labels: readonly string[];
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  run?: number;
  /** Absolute index of the first input frame to report; results of earlier frames have been reported. Default: 0. */
  from?: number;
}

/** Returns the time of an input frame in ms. `index` is absolute. */
export type FrameTime = (index: number) => number;

/**
 * Reports the results of a stream's detector to an alarm manager, frame by frame, so that the alarm events do not
 * depend on how the stream is split into blocks:
 *
 *     detected ─┬ alarm ─────────────────────────→ manager.report
 *               ├ score within the hysteresis ───→ manager.sustain
 *               ├ neither ───────────────────────→ manager.reportNormal
 *               ├ channels flatlined or drifted ─→ manager.report
 *               └ none is any more ──────────────→ manager.end
 *
 * A score within the hysteresis is below the detector's threshold by at most that much, but above normal scores.
 * Missing and invalid frames neither raise nor clear alarms.
 */
export class AlarmReporter {
  readonly #manager: AlarmManager;
  readonly #stream: MonitoredStream;
  readonly #every: number;
  /**
   * Whether the manager may have an open alarm for flatlined (`dead`) or drifted (`wear`) channels. Initially true,
   * because the alarm can be from an earlier run.
   */
  readonly #mayHold = { dead: true, wear: true };

  /** @param every input frames per detector frame; above 1, the detector reads a `Digest` of the stream */
  constructor(manager: AlarmManager, stream: MonitoredStream, every: number) {
    this.#manager = manager;
    this.#stream = stream;
    this.#every = every;
  }

  /**
   * Reports the frames of one result, in order, and returns the events that they cause.
   *
   * @param when returns the time of an input frame in ms; default: computed from the time and the rate of the result
   * @param before called before each detector frame with the index of its last input frame; it may add events
   */
  report(
    detected: Detected,
    when: FrameTime = this.#clockOf(detected),
    before?: (last: number, events: AlarmEvent[]) => void,
  ): AlarmEvent[] {
    const { score, read, alarms, faults } = detected;
    const { from = 0 } = this.#stream;
    const events: AlarmEvent[] = [];
    let [fault, alarm] = [0, 0];
    for (let t = 0; t < read.length; t++) {
      const index = score.start + t;
      before?.((index + 1) * this.#every - 1, events);
      while (fault + 1 < faults.length && faults[fault + 1].index <= index) fault++;
      while (alarm < alarms.length && (alarms[alarm].index < index || isFault(alarms[alarm]))) alarm++;
      if (read[t] === 0 || (index + 1) * this.#every <= from) continue;
      const at = { index, rate: score.rate, timed: (n: number) => when((n + 1) * this.#every - 1) };
      this.#reportFaults('dead', faults[fault].flatlined, at, events);
      this.#reportFaults('wear', faults[fault].drifted, at, events);
      if (alarms[alarm]?.index === index) this.#reportAlarm(alarms[alarm], at, events);
      else if (score.valid?.[t] === 1) this.#reportScore(detected, t, at, events);
    }
    return events;
  }

  /** Reports flatlined or drifted channels, starting with the latest. */
  #reportFaults(
    kind: 'dead' | 'wear',
    channels: readonly ChannelFault[],
    at: FrameContext,
    events: AlarmEvent[],
  ): void {
    if (channels.length === 0 && !this.#mayHold[kind]) return;
    const { name } = this.#stream;
    const time = at.timed(at.index);
    this.#mayHold[kind] = channels.length > 0;
    if (channels.length === 0) {
      events.push(...this.#manager.end(name, kind, time));
      return;
    }
    const latest = channels.toSorted((a, b) => b.since - a.since);
    const shares = latest.map(({ channel }) => ({ channel, share: 1 / channels.length }));
    const finding = this.#finding(kind, 0, latest[latest.length - 1].since, shares, at);
    events.push(...this.#manager.report(name, kind, finding, time));
  }

  #reportAlarm({ cause, score, since, channels }: Alarm, at: FrameContext, events: AlarmEvent[]): void {
    const finding = this.#finding(cause, score, since, channels, at);
    finding.channels = finding.channels.slice(0, maxNamedChannels);
    events.push(...this.#manager.report(this.#stream.name, 'unusual', finding, at.timed(at.index)));
  }

  /** Reports a frame without an alarm: whether it continues the current one. */
  #reportScore({ score, thresholds, shifted }: Detected, t: number, at: FrameContext, events: AlarmEvent[]): void {
    const { name } = this.#stream;
    const labels = this.#manager.affectedChannels(name, 'unusual');
    if (!labels) return;
    const level = Math.max(thresholds[t] - this.#manager.hysteresis, normalScore);
    const active = score.data[t] >= level || this.#isAnyShifted(labels, shifted, t);
    const time = at.timed(at.index);
    const found = active
      ? this.#manager.sustain(name, 'unusual', time)
      : this.#manager.reportNormal(name, 'unusual', time);
    events.push(...found);
  }

  /** Returns whether the level of one of the labeled channels is shifted in detector frame `t` of a result. */
  #isAnyShifted(labels: readonly string[], shifted: Uint8Array, t: number): boolean {
    const channels = this.#stream.labels.length * (this.#every > 1 ? 2 : 1);
    for (let c = 0; c < channels; c++)
      if (shifted[t * channels + c] === 1 && labels.includes(this.#label(c))) return true;
    return false;
  }

  /** Returns the label of one of the detector's channels. A digest has two per label. */
  #label(channel: number): string {
    return this.#stream.labels[this.#every > 1 ? channel >> 1 : channel];
  }

  #finding(
    cause: AlarmCause,
    score: number,
    since: number,
    channels: Shares,
    { index, rate, timed }: FrameContext,
  ): Finding {
    const shares = new Map<string, number>();
    for (const { channel, share } of channels) {
      const label = this.#label(channel);
      shares.set(label, (shares.get(label) ?? 0) + share);
    }
    const sorted = Array.from(shares, ([label, share]) => ({ label, share: Math.round(1000 * share) / 1000 }));
    if (score > 0) sorted.sort((a, b) => b.share - a.share);
    const window = { run: this.#stream.run ?? 0, from: since * this.#every, to: (index + 1) * this.#every - 1 };
    return { cause, score, rate, channels: sorted, since: timed(since), window };
  }

  /** Returns the clock of a result, whose time is that of the last input frame of its first detector frame. */
  #clockOf({ score }: Detected): FrameTime {
    const { rate } = this.#stream;
    const first = (score.start + 1) * this.#every - 1;
    return (index) => (rate > 0 ? score.time + ((index - first) * 1000) / rate : score.time);
  }
}

function isFault({ cause }: Alarm): boolean {
  return cause === 'dead' || cause === 'wear';
}

/** A detector frame: its index, its rate in Hz, and the times of detector frames in ms. */
interface FrameContext {
  index: number;
  rate: number;
  timed: (index: number) => number;
}

type Shares = readonly { readonly channel: number; readonly share: number }[];
