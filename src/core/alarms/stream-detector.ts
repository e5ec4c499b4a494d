import { timeOf, type Block } from '../blocks/block.ts';
import { normalScore } from '../detector/calibration.ts';
import { Detector, type Detected, type DetectorOptions, type ChannelFault } from '../detector/detector.ts';
import type { State } from '../state/state.ts';
import type { AlarmManager, AlarmEvent } from './alarm-manager.ts';
import { Digest, eachFrame } from './digest.ts';
import { maxNamedChannels, type AlarmCause, type Finding } from './finding.ts';

/** Streams above this rate in Hz are digested to about the second rate. */
const maxDirectRate = 25;
const digestRate = 10;

/**
 * Returns what the detector of a stream reads. A digested stream has two channels per channel, about ten times per
 * second.
 */
export function detectorInput(rate: number, channels: number): { every: number; rate: number; channels: number } {
  const every = rate > maxDirectRate ? Math.round(rate / digestRate) : 1;
  return { every, rate: rate / every, channels: every > 1 ? 2 * channels : channels };
}

/** Name, channels, and rate of a stream to monitor. */
export interface MonitoredStream {
  name: string;
  /** One label per channel. */
  labels: readonly string[];
  /** In Hz; 0 = irregular. */
  rate: number;
  run?: number;
}

/**
 * Runs the detector on one stream and reports its findings to an alarm manager, frame by frame, so that the result does
 * not depend on how the stream is split into blocks:
 *
 *     block ─→ (digest, if faster than 25 Hz) ─→ detector ─┬ alarm ─────────────────────────→ manager.report
 *                                                          ├ score within the hysteresis ───→ manager.sustain
 *                                                          ├ neither ───────────────────────→ manager.reportNormal
 *                                                          ├ channels flatlined or drifted ─→ manager.report
 *                                                          └ none is ───────────────────────→ manager.end
 *
 * A score within the hysteresis is below the detector's threshold by at most that much, but above normal scores.
 * Missing and invalid frames neither raise nor clear alarms.
 */
export class StreamDetector {
  readonly #manager: AlarmManager;
  readonly #stream: MonitoredStream;
  /** Input frames per detector frame. */
  readonly #every: number;
  readonly #digest: Digest | undefined;
  readonly #detector: Detector;

  constructor(book: AlarmManager, stream: MonitoredStream, options: DetectorOptions = {}) {
    const input = detectorInput(stream.rate, stream.labels.length);
    this.#manager = book;
    this.#stream = stream;
    this.#every = input.every;
    this.#digest = input.every > 1 ? new Digest(stream.labels.length, input.every) : undefined;
    this.#detector = new Detector(input.channels, input.rate, options);
  }

  /** @param when returns the time of a frame in ms; default: the block's own time */
  push(block: Block, when: (index: number) => number = (index) => timeOf(block, index)): AlarmEvent[] {
    const timed = (index: number) => when((index + 1) * this.#every - 1);
    const events: AlarmEvent[] = [];
    for (const input of this.#digest ? this.#digest.push(block) : [block])
      for (const frame of eachFrame(input)) events.push(...this.#pushFrame(frame, timed));
    return events;
  }

  /** Returns the state of the detector. */
  save(): State {
    return this.#detector.save();
  }

  /** Restores the state from a similar stream. The numbering of frames may start anew. */
  restore(state: State): void {
    this.#detector.restore(state);
    this.#detector.renumber();
  }

  #pushFrame(frame: Block, timed: (index: number) => number): AlarmEvent[] {
    const level = Math.max(this.#detector.threshold - this.#manager.hysteresis, normalScore);
    const detected = this.#detector.push(frame);
    if (frame.valid?.[0] === 0) return [];
    const at = { index: frame.start, rate: frame.rate, timed };
    return [
      ...this.#reportFaults('dead', this.#detector.flatlined, at),
      ...this.#reportFaults('wear', this.#detector.drifted, at),
      ...this.#reportAnomaly(detected, level, at),
    ];
  }

  /** Reports flatlined or drifted channels, the latest first. */
  #reportFaults(kind: 'dead' | 'wear', channels: readonly ChannelFault[], at: FrameContext): AlarmEvent[] {
    const { name } = this.#stream;
    const time = at.timed(at.index);
    if (channels.length === 0) return this.#manager.end(name, kind, time);
    const latest = channels.toSorted((a, b) => b.since - a.since);
    const shares = latest.map(({ channel }) => ({ channel, share: 1 / channels.length }));
    return this.#manager.report(name, kind, this.#finding(kind, 0, latest[latest.length - 1].since, shares, at), time);
  }

  #reportAnomaly({ alarms, score, shifted }: Detected, level: number, at: FrameContext): AlarmEvent[] {
    const { name } = this.#stream;
    const time = at.timed(at.index);
    const alarm = alarms.find(({ cause }) => cause !== 'dead' && cause !== 'wear');
    if (alarm) {
      const finding = this.#finding(alarm.cause, alarm.score, alarm.since, alarm.channels, at);
      return this.#manager.report(
        name,
        'unusual',
        { ...finding, channels: finding.channels.slice(0, maxNamedChannels) },
        time,
      );
    }
    const channels = score.valid?.[0] === 1 ? this.#manager.affectedChannels(name, 'unusual') : undefined;
    if (!channels) return [];
    const active = score.data[0] >= level || channels.some((label) => this.#isShifted(shifted, label));
    return active ? this.#manager.sustain(name, 'unusual', time) : this.#manager.reportNormal(name, 'unusual', time);
  }

  #isShifted(shifted: Uint8Array, label: string): boolean {
    return shifted.some((open, channel) => open === 1 && this.#label(channel) === label);
  }

  /** Returns the label of one of the detector's channels. A digest has two per label. */
  #label(channel: number): string {
    return this.#stream.labels[this.#digest ? channel >> 1 : channel];
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
}

/** A detector frame: its index, its rate in Hz, and the times of frames in ms. */
interface FrameContext {
  index: number;
  rate: number;
  timed: (index: number) => number;
}

type Shares = readonly { readonly channel: number; readonly share: number }[];
