import { vi } from 'vitest';
import { random } from '../../../src/core/random.ts';
import type { AlarmRecord } from '../../../src/core/alarms/alarm-lifecycle.ts';
import type { ServerOptions } from '../../../src/server/index.ts';
import type { IngestReply } from '../../../src/protocol/index.ts';
import { is, type Peer, type World, world } from '../../server/peer.ts';

/** Time of the first frame in ms since 1970. */
export const begin = Date.UTC(2026, 2, 1, 12);
/** Sampling rate in Hz. */
export const rate = 10;

/** A stream of noise with anomalies. */
export interface TestStream {
  readonly name: string;
  readonly channels: number;
  /** Frames at which an anomaly begins. It lasts for 5 frames, on channel 0. */
  readonly anomalies: readonly number[];
  /** Frames that are not sent, from the first to before the second. */
  readonly gap?: readonly [number, number];
  /** Numbers of frames per message, in turn. */
  readonly blocks: readonly number[];
}

/** Samples of a stream by channel. Anomaly k is 10 · 1.5^k standard deviations high, so that their rarity differs. */
export function samplesOf({ channels, anomalies }: TestStream, frames: number, seed: number): number[][] {
  const chance = random(seed);
  const data = Array.from({ length: channels }, () => new Array<number>(frames));
  for (let t = 0; t < frames; t++)
    for (let c = 0; c < channels; c++) {
      const k = anomalies.findIndex((from) => t >= from && t < from + 5);
      data[c][t] = 20 + chance.normal() + (c === 0 && k >= 0 ? 10 * 1.5 ** k : 0);
    }
  return data;
}

/** A running server whose clock is that of the test, so that a recording of minutes takes a moment. */
export class RecordedServer {
  readonly #world: World;
  readonly #sensors = new Map<string, Peer<IngestReply>>();
  readonly #begin: number;

  private constructor(running: World, first: number) {
    this.#world = running;
    this.#begin = first;
  }

  /**
   * Starts a server that records. Call `stop` at the end.
   * @param after time of its first frame after `begin` in ms
   */
  static async start(statePath: string, options: ServerOptions = {}, after = 0): Promise<RecordedServer> {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: begin + after });
    const recording = { commitInterval: 5, fsync: 'never', retention: { minFree: 0 } } as const;
    return new RecordedServer(await world({ statePath, recording, heartbeat: 1e9, ...options }), begin + after);
  }

  /** Publishes streams together in real time, as the server's clock has it. */
  async publish(streams: readonly TestStream[], frames: number, { from = 0, seed = 1 } = {}): Promise<void> {
    const data = streams.map((stream, i) => samplesOf(stream, frames, seed + i));
    const sent = streams.map(() => from);
    const sizes = streams.map(({ blocks }) => ({ at: 0, blocks }));
    while (sent.some((next) => next < frames)) {
      const ends = streams.map((_, i) =>
        Math.min(frames, sent[i] + sizes[i].blocks[sizes[i].at % sizes[i].blocks.length]),
      );
      // the stream whose next message is complete first
      const i = ends.reduce(
        (best, end, each) => (sent[each] < frames && (sent[best] >= frames || end < ends[best]) ? each : best),
        0,
      );
      const [start, end] = [sent[i], ends[i]];
      sizes[i].at++;
      sent[i] = end;
      const [skipFrom, skipTo] = streams[i].gap ?? [Infinity, Infinity];
      if (end > skipFrom && start < skipTo) continue;
      this.#advance(this.#begin + (end * 1000) / rate);
      const sensor = await this.sensor(streams[i]);
      sensor.send({ type: 'samples', start, data: data[i].map((channel) => channel.slice(start, end)) });
      await this.#processed(streams[i].name, end);
    }
  }

  /** Advances the clock and the timers of the server. */
  #advance(time: number): void {
    while (Date.now() < time) vi.advanceTimersByTime(Math.min(500, time - Date.now()));
  }

  /** Waits for a result while the clock goes on. */
  async ticking<T>(result: Promise<T>): Promise<T> {
    let isDone = false;
    const done = result.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      vi.advanceTimersByTime(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return done;
  }

  /** Waits until the server has processed the frames before a frame. */
  async #processed(name: string, next: number): Promise<void> {
    while ((this.#world.server.streams().find((stream) => stream.name === name)?.next ?? 0) < next)
      await new Promise((resolve) => setImmediate(resolve));
  }

  /** The connection of a stream. */
  async sensor({ name, channels }: Pick<TestStream, 'name' | 'channels'>, query = ''): Promise<Peer<IngestReply>> {
    const known = this.#sensors.get(name);
    if (known) return known;
    const labels = Array.from({ length: channels }, (_, c) => `c${c}`).join();
    const sensor = await this.#world.sensor(`${name}?rate=${rate}&channels=${labels}${query}`);
    await sensor.until(is('welcome'));
    this.#sensors.set(name, sensor);
    return sensor;
  }

  /** All alarms of the server. */
  async alarms(): Promise<AlarmRecord[]> {
    const response = await fetch(`${this.#world.server.url}/alarms?since=2020-01-01T00:00Z&limit=1000`);
    return ((await response.json()) as { alarms: AlarmRecord[] }).alarms;
  }

  get world(): World {
    return this.#world;
  }

  async stop(): Promise<void> {
    await this.#world.stop();
    vi.useRealTimers();
  }
}
