import { frameCount, timeOf, type Block } from '../block.ts';
import { Detector, type Alarm, type DetectorOptions } from '../detector/detector.ts';
import type { State } from '../state.ts';
import type { AlarmBook, AlarmEvent } from './alarm-book.ts';
import type { AlarmKind, Finding } from './alarm-life.ts';
import { Digest } from './digest.ts';

/** Hz beyond which a stream is watched by its digest, and about what rate that has. */
const fast = 25;
const digested = 10;
/** Channels that an alarm names. */
const mostNamed = 8;

/** What the detector of a stream reads: of one that is digested, two channels to each, ten times a second. */
export function reading(rate: number, channels: number): { every: number; rate: number; channels: number } {
  const every = rate > fast ? Math.round(rate / digested) : 1;
  return { every, rate: rate / every, channels: every > 1 ? 2 * channels : channels };
}

/** What a stream is, to be watched. */
export interface WatchedStream {
  name: string;
  /** One a channel. */
  labels: readonly string[];
  /** Hz; 0 = irregular. */
  rate: number;
  run?: number;
}

/**
 * Watches one stream, and puts what it finds into a book:
 *
 *     block ─→ (digest, where it is faster than 25 Hz) ─→ detector ─┬ alarm ──────────────────────→ book.alarm
 *                                                                   ├ score within the hysteresis ─→ book.out
 *                                                                   └ neither ─────────────────────→ book.calm
 *
 * A channel that died is over when it moves again; wear is over when somebody says so. Frames that are missing or not
 * valid are no evidence: nothing is raised by them, and nothing cleared.
 */
export class StreamWatch {
  readonly #book: AlarmBook;
  readonly #stream: WatchedStream;
  /** Frames that make one of the detector's. */
  readonly #every: number;
  readonly #digest: Digest | undefined;
  readonly #detector: Detector;
  /** The last sample of channels that died. */
  readonly #dead = new Map<number, number>();

  constructor(book: AlarmBook, stream: WatchedStream, options: DetectorOptions = {}) {
    const read = reading(stream.rate, stream.labels.length);
    this.#book = book;
    this.#stream = stream;
    this.#every = read.every;
    this.#digest = read.every > 1 ? new Digest(stream.labels.length, read.every) : undefined;
    this.#detector = new Detector(read.channels, read.rate, options);
  }

  /** @param when the time of a frame, in ms, where it is not the block's own */
  push(block: Block, when: (index: number) => number = (index) => timeOf(block, index)): AlarmEvent[] {
    const blocks = this.#digest ? this.#digest.push(block) : [block];
    return blocks.flatMap((each) => this.#hear(each, when));
  }

  /** What the detector has learned. */
  save(): State {
    return this.#detector.save();
  }

  /** Goes on with what was learned of a stream like this one, wherever its numbering stands now. */
  restore(state: State): void {
    this.#detector.restore({ ...state, expected: -1 });
  }

  #hear(block: Block, when: (index: number) => number): AlarmEvent[] {
    const { name } = this.#stream;
    const detected = this.#detector.push(block);
    const level = this.#detector.threshold - this.#book.hysteresis;
    const events: AlarmEvent[] = [];
    const timed = (index: number) => when((index + 1) * this.#every - 1);
    for (let t = 0, next = 0; t < frameCount(block); t++) {
      const index = block.start + t;
      const time = timed(index);
      events.push(...this.#revive(block, t, time));
      const told = detected.alarms.slice(next).filter((alarm) => alarm.index === index);
      next += told.length;
      for (const alarm of told) {
        const kind = kindOf(alarm);
        if (kind === 'dead')
          this.#dead.set(alarm.channels[0].channel, block.data[t * block.channels + alarm.channels[0].channel]);
        events.push(...this.#book.alarm(name, kind, this.#finding(alarm, block, timed), time));
      }
      if (told.some((alarm) => kindOf(alarm) === 'unusual') || detected.score.valid?.[t] !== 1) continue;
      const channels = this.#book.concerned(name, 'unusual');
      if (!channels) continue;
      const shifted = detected.shifted.subarray(t * block.channels, (t + 1) * block.channels);
      const out = detected.score.data[t] >= level || channels.some((label) => this.#isShifted(shifted, label));
      events.push(...(out ? this.#book.out(name, 'unusual', time) : this.#book.calm(name, 'unusual', time)));
    }
    return events;
  }

  /** Ends what was said of dead channels, once they all move. */
  #revive(block: Block, t: number, time: number): AlarmEvent[] {
    if (this.#dead.size === 0) return [];
    for (const [channel, last] of this.#dead) {
      const x = block.data[t * block.channels + channel];
      if (Number.isFinite(x) && x !== last) this.#dead.delete(channel);
    }
    return this.#dead.size === 0 ? this.#book.end(this.#stream.name, 'dead', time) : [];
  }

  #isShifted(shifted: Uint8Array, label: string): boolean {
    return shifted.some((open, channel) => open === 1 && this.#label(channel) === label);
  }

  /** The label of one of the detector's channels: of a digest, two to each. */
  #label(channel: number): string {
    return this.#stream.labels[this.#digest ? channel >> 1 : channel];
  }

  #finding({ index, since, score, cause, channels }: Alarm, block: Block, timed: (index: number) => number): Finding {
    const shares = new Map<string, number>();
    for (const { channel, share } of channels) {
      const label = this.#label(channel);
      shares.set(label, (shares.get(label) ?? 0) + share);
    }
    const named = Array.from(shares, ([label, share]) => ({ label, share: Math.round(1000 * share) / 1000 }));
    named.sort((a, b) => b.share - a.share);
    return {
      cause,
      score: kindOf({ cause }) === 'unusual' ? score : 0,
      rate: block.rate,
      channels: named.slice(0, mostNamed),
      since: timed(since),
      window: { run: this.#stream.run ?? 0, from: since * this.#every, to: (index + 1) * this.#every - 1 },
    };
  }
}

function kindOf({ cause }: Pick<Alarm, 'cause'>): AlarmKind {
  return cause === 'dead' || cause === 'wear' ? cause : 'unusual';
}
