import type { AlarmManager, AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { frameCount, type Block } from '../core/blocks/block.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { DetectorStore } from './detector-store.ts';
import { FeedWatch } from './feed-watch.ts';
import type { ServerAlarms } from './server-alarms.ts';
import { WatchBudget } from './watch-budget.ts';

/** What is known of a stream that may be watched. */
interface Watched {
  info: StreamInfo;
  /** The frame after the newest. */
  next: number;
  watch?: FeedWatch;
  /** What of it raises no alarms, and why. */
  why?: string;
}

/** The watches on all feeds: how much of each is watched, and what is learned of it. */
export class Watches {
  readonly #book: AlarmManager;
  readonly #alarms: ServerAlarms;
  readonly #store: DetectorStore;
  readonly #tell: (line: string) => void;
  readonly #budget = new WatchBudget();
  readonly #all = new Map<string, Watched>();
  /** What is being written of streams that are no more. */
  #leaving: Promise<unknown> = Promise.resolve();

  constructor(book: AlarmManager, alarms: ServerAlarms, store: DetectorStore, tell: (line: string) => void) {
    this.#book = book;
    this.#alarms = alarms;
    this.#store = store;
    this.#tell = tell;
  }

  get(stream: string): Readonly<Watched> | undefined {
    return this.#all.get(stream);
  }

  /** A stream is there, or is another than it was. What was learned of one of this shape goes on. */
  open(info: StreamInfo): void {
    const { name } = info;
    const before = this.#all.get(name);
    if (before && shapeOf(before.info) === shapeOf(info)) return;
    const { channels, why } = this.#budget.take(info);
    const watch = channels > 0 ? this.#begin(info, channels, before?.watch) : undefined;
    this.#all.set(name, { info, next: info.next, watch, why });
  }

  /** Frames came, at `now`. A detector that fails is no longer fed, and its stream goes on. */
  push(stream: string, block: Block, now: number): AlarmEvent[] {
    const watched = this.#all.get(stream);
    if (!watched) return [];
    watched.next = block.start + frameCount(block);
    try {
      return watched.watch?.push(block, now) ?? [];
    } catch (error) {
      watched.watch = undefined;
      watched.why = `not watched: ${error instanceof Error ? error.message : String(error)}`;
      this.#tell(`stream ${stream}: ${watched.why}`);
      return [];
    }
  }

  /** A stream is no more; what was learned of it is kept. */
  forget(stream: string): void {
    this.#leaving = Promise.all([this.#leaving, this.#save(stream)]);
    this.#all.delete(stream);
    this.#budget.leave(stream);
  }

  /** Writes down what was learned of all. */
  async save(): Promise<void> {
    await this.#leaving;
    for (const name of [...this.#all.keys()]) await this.#save(name);
  }

  async #save(stream: string): Promise<void> {
    const watch = this.#all.get(stream)?.watch;
    if (!watch?.learned) return;
    await this.#store.save(stream, watch.shape, watch.save()).catch((error: unknown) => {
      this.#tell(`stream ${stream}: what its detector learned could not be saved: ${String(error)}`);
    });
  }

  /** A watch that goes on with what was learned of a stream of this shape; anew, where that cannot be read. */
  #begin(info: StreamInfo, channels: number, before: FeedWatch | undefined): FeedWatch {
    const { falseAlarms, reference } = this.#alarms;
    const fresh = () => new FeedWatch(this.#book, info, channels, { falseAlarms, reference });
    const watch = fresh();
    const learned = before?.shape === watch.shape ? before.save() : this.#store.get(info.name, watch.shape);
    try {
      if (learned) watch.restore(learned);
      return watch;
    } catch (error) {
      this.#tell(`stream ${info.name}: what its detector had learned is left out: ${String(error)}`);
      return fresh();
    }
  }
}

function shapeOf({ run, rate, channels, for: truthOf }: StreamInfo): string {
  return JSON.stringify([run, rate, channels, truthOf]);
}
