import { randomInt } from 'node:crypto';
import { Subject } from 'rxjs';
import type { AlarmDesk } from './alarm-desk.ts';
import { closeCodes } from '../protocol/close-codes.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { HealthMessage } from '../protocol/watch-message.ts';
import { Feed, type Opening } from './feed.ts';
import type { FeedOutput } from './feed-output.ts';
import type { FeedDesigner } from './feed-spec.ts';
import type { WeightStore } from './weight-store.ts';

/** What a hub is given. */
export interface HubOptions {
  design: FeedDesigner;
  store: WeightStore;
  desk: AlarmDesk;
  maxStreams: number;
  log: (line: string) => void;
}

/** A connected sensor, as the hub knows it. */
export interface Sensor {
  /** A newer sensor of the same name came, or the server has no place. */
  dismiss(code: number, sentence: string): void;
}

/** All published streams: who sends them, and which is the truth of which. */
export class Hub {
  /** Fires when a stream comes, goes or changes. */
  readonly changed: Subject<void> = new Subject<void>();
  readonly #options: HubOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #sensors = new Map<string, Sensor>();
  /** Streams without a sensor, the one that has been silent longest first. */
  readonly #silent = new Set<string>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get streams(): StreamInfo[] {
    const { desk } = this.#options;
    return Array.from(this.#feeds.values(), (feed) => ({ ...feed.info, unwatched: desk.unwatched(feed.name) }));
  }

  get desk(): AlarmDesk {
    return this.#options.desk;
  }

  log(line: string): void {
    this.#options.log(line);
  }

  feed(name: string): Feed | undefined {
    return this.#feeds.get(name);
  }

  /** Whether a sensor other than `sensor` is connected under this name. */
  isTaken(name: string, sensor: Sensor): boolean {
    const connected = this.#sensors.get(name);
    return connected !== undefined && connected !== sensor;
  }

  /** Opens a stream for a sensor, which replaces the one before. Undefined: the server takes no more streams. */
  open(name: string, opening: Opening, sensor: Sensor): Feed | undefined {
    const before = this.#sensors.get(name);
    const known = this.#feeds.get(name);
    if (!known && !this.#makeRoom()) return undefined;
    if (before && before !== sensor)
      before.dismiss(closeCodes.replaced, `replaced by a newer sensor of stream ${name}`);
    this.#sensors.set(name, sensor);
    const feed = known ?? this.#create(name, opening);
    feed.live = true;
    this.#silent.delete(name);
    if (known) known.open(opening);
    else this.#options.log(`stream ${name}: ${described(opening)}`);
    this.#relate();
    this.changed.next();
    return feed;
  }

  /** The sensor has gone, with or without a goodbye; its stream stays, and may be taken up again. */
  leave(name: string, sensor: Sensor, goodbye: boolean): void {
    if (this.#sensors.get(name) !== sensor) return;
    this.#sensors.delete(name);
    const feed = this.#feeds.get(name);
    if (!feed) return;
    feed.live = false;
    if (goodbye) this.desk.goodbye(name, Date.now());
    this.#silent.add(name);
    this.changed.next();
  }

  health(now: number): HealthMessage {
    return { type: 'health', streams: Array.from(this.#feeds.values(), (feed) => feed.health(now)) };
  }

  /** Forgets a stream and ends its alarms; what was learned of it is kept. */
  remove(name: string): void {
    if (this.#forget(name)) this.changed.next();
  }

  /** Writes down what was learned. */
  async save(): Promise<void> {
    for (const [name, feed] of this.#feeds) await this.#options.store.save(name, feed.networks());
  }

  #create(name: string, opening: Opening): Feed {
    const { design, store } = this.#options;
    const feed = new Feed(name, opening, {
      design,
      firstRun: opening.run ?? randomInt(2 ** 32),
      remembered: (stream, learner) => store.get(stream, learner),
      now: Date.now,
    });
    this.#feeds.set(name, feed);
    this.desk.open(feed.info);
    feed.output.subscribe((output) => {
      this.#hear(feed, output);
    });
    feed.start();
    return feed;
  }

  #hear(feed: Feed, output: FeedOutput): void {
    if (output.type === 'raw') {
      this.#truthOf(feed)?.teach(feed.name, output.block);
      this.desk.take(feed.name, output.block, Date.now());
    } else if (output.type === 'run') this.#relate(feed.name);
    else if (output.type === 'broken') this.#options.log(`stream ${feed.name}: ${output.where}: ${output.message}`);
    if (output.type !== 'run' && output.type !== 'info') return;
    this.desk.open(feed.info);
    this.changed.next();
  }

  #truthOf(feed: Feed): Feed | undefined {
    const name = feed.info.for;
    return name === undefined ? undefined : this.#feeds.get(name);
  }

  /** Tells every stream which others are its truth. */
  #relate(restarted?: string): void {
    const infos = this.streams;
    for (const feed of this.#feeds.values())
      feed.follow(
        infos.filter((info) => info.for === feed.name && info.name !== feed.name),
        restarted,
      );
  }

  /** Forgets the stream that has been silent longest, where there are too many; false when all are live. */
  #makeRoom(): boolean {
    if (this.#feeds.size < this.#options.maxStreams) return true;
    const [name] = this.#silent;
    return this.#forget(name);
  }

  /** False: there is no such stream. */
  #forget(name: string): boolean {
    const feed = this.#feeds.get(name);
    if (!feed) return false;
    this.#options.store.save(name, feed.networks()).catch((error: unknown) => {
      this.log(`stream ${name}: what was learned could not be saved: ${String(error)}`);
    });
    this.desk.forget(name, Date.now());
    feed.output.complete();
    this.#feeds.delete(name);
    this.#silent.delete(name);
    return true;
  }
}

function described({ channels, rate }: Opening): string {
  return `${channels.length} channel${channels.length === 1 ? '' : 's'}, ${rate > 0 ? `${rate} Hz` : 'irregular'}`;
}
