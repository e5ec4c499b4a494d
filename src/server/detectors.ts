import type { AlarmManager, AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { detectorInput } from '../core/detector/digest.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { DetectorStore } from './detector-store.ts';
import { FeedDetector } from './feed-detector.ts';
import type { ServerAlarms } from './server-alarms.ts';

/** A stream and its detector. */
interface MonitoredStream {
  info: StreamInfo;
  /** The frame after the newest. */
  next: number;
  detector?: FeedDetector;
  /** Which part of the stream raises no alarms, and why. */
  unwatched?: string;
}

/** The anomaly detectors of all streams: how many channels each monitors, and what each has learned. */
export class Detectors {
  readonly #book: AlarmManager;
  readonly #alarms: ServerAlarms;
  readonly #store: DetectorStore;
  readonly #log: (line: string) => void;
  readonly #budget = new DetectorBudget();
  readonly #streams = new Map<string, MonitoredStream>();
  /** Resolves when the detectors of removed streams are saved. */
  #savingRemoved: Promise<unknown> = Promise.resolve();

  constructor(book: AlarmManager, alarms: ServerAlarms, store: DetectorStore, log: (line: string) => void) {
    this.#book = book;
    this.#alarms = alarms;
    this.#store = store;
    this.#log = log;
  }

  get(stream: string): Readonly<MonitoredStream> | undefined {
    return this.#streams.get(stream);
  }

  /** Starts a detector for a new or changed stream, with the state learned from a stream of the same name and shape. */
  open(info: StreamInfo): void {
    const { name } = info;
    const before = this.#streams.get(name);
    if (before && shapeOf(before.info) === shapeOf(info)) return;
    const { channels, unwatched } = this.#budget.allocate(info);
    const detector = channels > 0 ? this.#start(info, channels, before?.detector) : undefined;
    this.#streams.set(name, { info, next: info.next, detector, unwatched });
  }

  /** Processes frames that arrived at `now` (ms). A detector that fails is stopped; its stream continues. */
  push(stream: string, block: Block, now: number): AlarmEvent[] {
    const monitored = this.#streams.get(stream);
    if (!monitored) return [];
    monitored.next = block.start + frameCount(block);
    try {
      return monitored.detector?.push(block, now) ?? [];
    } catch (error) {
      monitored.detector = undefined;
      monitored.unwatched = `not monitored: ${error instanceof Error ? error.message : String(error)}`;
      this.#log(`stream ${stream}: ${monitored.unwatched}`);
      return [];
    }
  }

  /** Removes a stream; the state of its detector is saved. */
  remove(stream: string): void {
    this.#savingRemoved = Promise.all([this.#savingRemoved, this.#save(stream)]);
    this.#streams.delete(stream);
    this.#budget.release(stream);
  }

  /** Saves the state of all detectors. */
  async save(): Promise<void> {
    await this.#savingRemoved;
    for (const name of [...this.#streams.keys()]) await this.#save(name);
  }

  async #save(stream: string): Promise<void> {
    const detector = this.#streams.get(stream)?.detector;
    if (!detector?.learned) return;
    await this.#store.save(stream, detector.shape, detector.save()).catch((error: unknown) => {
      this.#log(`stream ${stream}: could not save the state of its detector: ${String(error)}`);
    });
  }

  /**
   * Returns a detector with the state of a stream of this shape; a new one if there is none or it cannot be restored.
   */
  #start(info: StreamInfo, channels: number, before: FeedDetector | undefined): FeedDetector {
    const { falseAlarms, reference } = this.#alarms;
    const create = () => new FeedDetector(this.#book, info, channels, { falseAlarms, reference });
    const detector = create();
    const state = before?.shape === detector.shape ? before.save() : this.#store.get(info.name, detector.shape);
    try {
      if (state) detector.restore(state);
      return detector;
    } catch (error) {
      this.#log(`stream ${info.name}: could not restore the state of its detector, starting over: ${String(error)}`);
      return create();
    }
  }
}

function shapeOf({ run, rate, channels, for: targetOf }: StreamInfo): string {
  return JSON.stringify([run, rate, channels, targetOf]);
}

/** Maximum number of detector channels per stream. */
const maxStreamChannels = 64;
/** Maximum number of detector channels of all streams together; each takes about 50 kB. */
const maxChannels = 4096;
/** Maximum number of samples per second that all detectors process; each takes about 5 µs. */
const maxSampleRate = 20_000;
/** Sampling rate in Hz that is assumed for irregular streams. */
const assumedRate = 10;

/** Part of a stream that is monitored. */
interface Allocation {
  /** Number of channels, from the first on. */
  channels: number;
  /** Which part is not monitored, and why. */
  unwatched?: string;
}

/** Divides a bounded number of detector channels and samples per second among the streams. */
class DetectorBudget {
  readonly #allocated = new Map<string, { channels: number; samples: number }>();

  allocate({ name, channels, rate, for: targetOf }: StreamInfo): Allocation {
    this.#allocated.delete(name);
    const all = channels.length;
    if (targetOf !== undefined) return { channels: 0, unwatched: `not monitored (target of ${targetOf})` };
    const each = detectorInput(rate, 1);
    const hertz = each.rate || assumedRate;
    const wanted = Math.min(all, Math.floor(maxStreamChannels / each.channels));
    const used = { channels: 0, samples: 0 };
    for (const allocation of this.#allocated.values()) {
      used.channels += allocation.channels;
      used.samples += allocation.samples;
    }
    const free = Math.min(
      (maxChannels - used.channels) / each.channels,
      (maxSampleRate - used.samples) / hertz / each.channels,
    );
    const count = Math.max(0, Math.min(wanted, Math.floor(free)));
    this.#allocated.set(name, { channels: count * each.channels, samples: count * each.channels * hertz });
    if (count === all) return { channels: all };
    const part = count === 0 ? 'not monitored' : `${count} of ${all} channels monitored`;
    const reason = count < wanted ? 'server limit reached' : `at most ${wanted} per stream`;
    return { channels: count, unwatched: `${part} (${reason})` };
  }

  release(name: string): void {
    this.#allocated.delete(name);
  }
}
