import { Observable, type Subscription } from 'rxjs';
import type { Block } from '../../core/blocks/block.ts';
import type { Random } from '../../core/random.ts';
import { publish, type PublishEvent, type SensorInfo } from '../../sources/index.ts';
import type { Sent } from './account.ts';
import { blockAt } from './samples.ts';

/** What a device sends. */
export interface DeviceOptions {
  /** Address of the server, such as ws://127.0.0.1:8080. */
  readonly server: string;
  readonly stream: string;
  /** Sampling rate in Hz, > 0. */
  readonly rate: number;
  readonly channels: number;
  readonly random: Random;
  /** Binary messages (default), or JSON. */
  readonly binary?: boolean;
  /** Kind of sensor, which selects the feature maps. */
  readonly kind?: string;
  /** Send as fast as the server acknowledges, in blocks of this many frames, rather than at `rate`. */
  readonly flood?: number;
  /** Probability that frames before a block are skipped. Default: 0. */
  readonly omit?: number;
  readonly clock?: SensorInfo['clock'];
  /** Time of a frame in ms, by the clock of the device. Default: the time since 1970. */
  readonly timeOf?: (index: number) => number;
}

/** Milliseconds between two blocks of a device that is not slower. */
const blockInterval = 50;
/** Most frames of one block, and most frames skipped at once. */
const maxFrames = 4096;
const maxOmitted = 20;

/** A simulated device, which uses the project's own publisher and counts its frames. */
export class Device {
  readonly stream: string;
  /** Number of times that its connection ended before it was reestablished. */
  disconnections = 0;
  /** Why the device gave up; undefined if it did not. */
  failure: string | undefined;
  /** Number of the run of the last `welcome`, and the runs before it. */
  readonly runs: number[] = [];
  /** The last `welcome.recovered`. */
  recovered: boolean | undefined;
  /** Indexes of the last acknowledgment. */
  received = 0;
  durable = 0;
  /** Called with every message from the server. */
  onEvent: (event: PublishEvent) => void = () => {};
  readonly #options: DeviceOptions;
  readonly #started = Date.now();
  #next = 0;
  #omitted = 0;
  #stopping = false;
  #stopSource: () => void = () => {};
  readonly #ended: Promise<void>;
  readonly #subscription: Subscription;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.stream = options.stream;
    const { server, stream, rate, channels, kind, clock, binary, random, flood } = options;
    const source = flood === undefined ? this.#paced() : (ready: () => Promise<void>) => this.#flood(ready, flood);
    const events = publish(`${server}/ingest/${stream}`, { channels, rate, kind, clock }, source, {
      binary,
      random: () => random.uniform(),
      backlog: Math.ceil(Math.max(600 * rate, 10_000)),
      down: () => this.disconnections++,
    });
    let end = () => {};
    this.#ended = new Promise((resolve) => (end = resolve));
    this.#subscription = events.subscribe({
      next: (event) => this.#receive(event),
      error: (error: unknown) => {
        this.failure = error instanceof Error ? error.message : String(error);
        end();
      },
      complete: () => end(),
    });
  }

  /** What the device has sent so far. */
  get sent(): Sent {
    return { stream: this.stream, next: this.#next, omitted: this.#omitted };
  }

  /** Ends the source. Resolves when the server has acknowledged every frame, or when the device has given up. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopSource();
    await this.#ended;
  }

  /** Ends the device at once, whatever is not acknowledged. */
  abort(): void {
    this.#stopping = true;
    this.#stopSource();
    this.#subscription.unsubscribe();
  }

  #receive(event: PublishEvent): void {
    if (event.type === 'welcome') {
      if (this.runs.at(-1) !== event.run) this.runs.push(event.run);
      this.recovered = event.recovered;
    }
    if (event.type === 'ack') {
      this.received = event.received;
      this.durable = event.durable;
    }
    this.onEvent(event);
  }

  #block(frames: number): Block {
    const { channels, rate, random, omit = 0, timeOf } = this.#options;
    if (this.#next > 0 && omit > 0 && random.uniform() < omit) {
      const omitted = 1 + Math.floor(random.uniform() * maxOmitted);
      this.#omitted += omitted;
      this.#next += omitted;
    }
    const start = this.#next;
    const time = timeOf ? timeOf(start) : this.#started + (start * 1000) / rate;
    this.#next += frames;
    return blockAt(start, frames, { channels, rate, time });
  }

  #paced(): Observable<Block> {
    const { rate } = this.#options;
    return new Observable((subscriber) => {
      const timer = setInterval(
        () => {
          const due = Math.floor(((Date.now() - this.#started) * rate) / 1000) - this.#next;
          if (due > 0) subscriber.next(this.#block(Math.min(due, maxFrames)));
        },
        Math.max(blockInterval, 1000 / rate),
      );
      this.#stopSource = () => {
        clearInterval(timer);
        if (this.#next === 0) subscriber.next(this.#block(1));
        subscriber.complete();
      };
      return () => clearInterval(timer);
    });
  }

  #flood(ready: () => Promise<void>, frames: number): Observable<Block> {
    return new Observable((subscriber) => {
      const run = async () => {
        while (!this.#stopping && !subscriber.closed) {
          await ready();
          if (subscriber.closed) return;
          subscriber.next(this.#block(frames));
          await new Promise((resolve) => setImmediate(resolve));
        }
        subscriber.complete();
      };
      void run();
    });
  }
}
