import { timeOf, type Block } from '../blocks/block.ts';
import { normalScore } from '../detector/calibration.ts';
import { Detector, type Detected, type DetectorOptions, type ChannelFault } from '../detector/detector.ts';
import type { State } from '../state/state.ts';
import type { AlarmManager, AlarmEvent } from './alarm-manager.ts';
import { Digest } from './digest.ts';
import { eachFrame } from './digest.ts';
import { maxNamedChannels, type AlarmCause, type Finding } from './finding.ts';

/** Hz beyond which a stream is watched by its digest, and about what rate that has. */
const maxDirectRate = 25;
const digestRate = 10;

/** What the detector of a stream reads: of one that is digested, two channels to each, ten times a second. */
export function detectorInput(rate: number, channels: number): { every: number; rate: number; channels: number } {
  const every = rate > maxDirectRate ? Math.round(rate / digestRate) : 1;
  return { every, rate: rate / every, channels: every > 1 ? 2 * channels : channels };
}

/** What a stream is, to be watched. */
export interface MonitoredStream {
  name: string;
  /** One a channel. */
  labels: readonly string[];
  /** Hz; 0 = irregular. */
  rate: number;
  run?: number;
}

/**
 * Watches one stream, and puts what it finds into a book, frame by frame, so that how the stream was cut changes nothing:
 *
 *     block ─→ (digest, where it is faster than 25 Hz) ─→ detector ─┬ alarm ──────────────────────→ book.alarm
 *                                                                   ├ score within the hysteresis ─→ book.out
 *                                                                   ├ neither ─────────────────────→ book.calm
 *                                                                   ├ channels are dead, or worn ──→ book.alarm
 *                                                                   └ none is ─────────────────────→ book.end
 *
 * Within the hysteresis is what the detector's threshold lies above by no more than that, but nothing that is
 * ordinary. Frames that are missing or not valid are no evidence: nothing is raised by them, and nothing cleared.
 */
export class StreamDetector {
  readonly #manager: AlarmManager;
  readonly #stream: MonitoredStream;
  /** Frames that make one of the detector's. */
  readonly #every: number;
  readonly #digest: Digest | undefined;
  readonly #detector: Detector;

  constructor(book: AlarmManager, stream: MonitoredStream, options: DetectorOptions = {}) {
    const read = detectorInput(stream.rate, stream.labels.length);
    this.#manager = book;
    this.#stream = stream;
    this.#every = read.every;
    this.#digest = read.every > 1 ? new Digest(stream.labels.length, read.every) : undefined;
    this.#detector = new Detector(read.channels, read.rate, options);
  }

  /** @param when the time of a frame, in ms, where it is not the block's own */
  push(block: Block, when: (index: number) => number = (index) => timeOf(block, index)): AlarmEvent[] {
    const timed = (index: number) => when((index + 1) * this.#every - 1);
    const events: AlarmEvent[] = [];
    for (const read of this.#digest ? this.#digest.push(block) : [block])
      for (const frame of eachFrame(read)) events.push(...this.#pushFrame(frame, timed));
    return events;
  }

  /** What the detector has learned. */
  save(): State {
    return this.#detector.save();
  }

  /** Goes on with what was learned of a stream like this one, wherever its numbering stands now. */
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

  /** Channels that are dead or worn, the latest first. */
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
    const out = score.data[0] >= level || channels.some((label) => this.#isShifted(shifted, label));
    return out ? this.#manager.sustain(name, 'unusual', time) : this.#manager.reportNormal(name, 'unusual', time);
  }

  #isShifted(shifted: Uint8Array, label: string): boolean {
    return shifted.some((open, channel) => open === 1 && this.#label(channel) === label);
  }

  /** The label of one of the detector's channels: of a digest, two to each. */
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
    const named = Array.from(shares, ([label, share]) => ({ label, share: Math.round(1000 * share) / 1000 }));
    if (score > 0) named.sort((a, b) => b.share - a.share);
    const window = { run: this.#stream.run ?? 0, from: since * this.#every, to: (index + 1) * this.#every - 1 };
    return { cause, score, rate, channels: named, since: timed(since), window };
  }
}

/** A frame of the detector's: its rate in Hz, and when each is, in ms. */
interface FrameContext {
  index: number;
  rate: number;
  timed: (index: number) => number;
}

type Shares = readonly { readonly channel: number; readonly share: number }[];
