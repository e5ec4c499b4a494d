import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { bytesIn } from '../../src/core/state/state.ts';
import { decodeState } from '../../src/core/state/state-file.ts';
import type { Ack, Welcome } from '../../src/protocol/ingest-reply.ts';
import { publish, type PublishEvent } from '../../src/sources/publish.ts';

const child = new URL('./serve-child.js', import.meta.url).pathname;
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanUp.splice(0)) each();
});

/** A server in a process of its own, which can be killed and started again at the same port. */
class Serving {
  readonly lines: string[] = [];
  readonly statePath = mkdtempSync(join(tmpdir(), 'tapline-recovery-'));
  readonly #options: object;
  #process: ChildProcess | undefined;
  port = 0;

  constructor(options: object) {
    this.#options = options;
    cleanUp.push(() => {
      this.#process?.kill('SIGKILL');
      rmSync(this.statePath, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const { statePath, port } = this;
    const started = fork(child, [JSON.stringify({ ...this.#options, statePath, port })]);
    this.#process = started;
    this.port = await new Promise<number>((resolve, reject) => {
      started.on('message', (message: { port?: number; line?: string }) => {
        if (message.line !== undefined) this.lines.push(message.line);
        if (message.port !== undefined) resolve(message.port);
      });
      started.on('exit', (code) => {
        reject(new Error(`the server ended with code ${code}: ${this.lines.join('\n')}`));
      });
    });
  }

  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    if (this.#process) await once(this.#process, 'exit');
  }

  async close(): Promise<void> {
    this.#process?.send('close');
    if (this.#process) await once(this.#process, 'exit');
  }

  /** The saved pipeline of a stream, its run, and the index of its next frame. */
  saved(stream: string): { pipeline: Uint8Array; next: unknown } {
    const { state, extra } = decodeState('feed', readFileSync(join(this.statePath, `${stream}~pipeline.state`)));
    return { pipeline: bytesIn(state, 'pipeline'), next: (extra as { next: unknown }).next };
  }
}

/** A sensor that sends blocks as the test wants, and reconnects by itself. */
class Device {
  readonly #blocks = new Subject<Block>();
  readonly replies: PublishEvent[] = [];
  readonly done: Promise<void>;
  #wake: () => void = () => {};
  #next = 0;
  #state: number;

  constructor(port: number, name: string, seed: number) {
    this.#state = seed;
    const published = publish(
      `ws://127.0.0.1:${port}/ingest/${name}`,
      { channels: ['a', 'b'], rate: 100 },
      this.#blocks,
      { random: () => 0.05, fresh: false },
    );
    this.done = new Promise((resolve, reject) => {
      const subscription = published.subscribe({
        next: (reply) => {
          this.replies.push(reply);
          this.#wake();
        },
        error: reject,
        complete: resolve,
      });
      cleanUp.push(() => {
        subscription.unsubscribe();
      });
    });
  }

  /** Sends a block of noise; some frames are missing before it. */
  send(frames: number, missing = 0): void {
    const data = Float32Array.from({ length: 2 * frames }, (_, i) => {
      this.#state = (this.#state * 48271) % 2147483647;
      return Math.sin((this.#next + i) / 7) + this.#state / 2147483647 - 0.5;
    });
    const start = this.#next + missing;
    this.#blocks.next({ data, channels: 2, rate: 100, start, time: 1_700_000_000_000 + 10 * start });
    this.#next = start + frames;
  }

  get next(): number {
    return this.#next;
  }

  async until(fits: (reply: PublishEvent) => boolean): Promise<void> {
    for (let seen = 0; ; seen++) {
      while (seen >= this.replies.length) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (fits(this.replies[seen])) return;
    }
  }

  received(index = this.#next): Promise<void> {
    return this.until((reply) => reply.type === 'ack' && reply.received >= index);
  }

  end(): Promise<void> {
    this.#blocks.complete();
    return this.done;
  }
}

const options = { port: 0, saveEvery: 400, recording: { fsync: 'never', commitInterval: 20 } };

/** Random numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Publishes the blocks of a seed, with kills at some of them, and returns the saved state at the end. */
async function run(seed: number, kills: ReadonlySet<number>, more: object = {}) {
  const serving = new Serving({ ...options, ...more });
  await serving.start();
  const device = new Device(serving.port, 'a', seed);
  await device.until(({ type }) => type === 'welcome');
  const random = randomOf(seed);
  for (let i = 0; i < 30; i++) {
    const frames = 1 + Math.floor(60 * random());
    const missing = random() < 0.15 ? 1 + Math.floor(20 * random()) : 0;
    const wait = random();
    device.send(frames, missing);
    if (kills.has(i)) {
      // sometimes before anything has arrived, sometimes after the last acknowledgment
      if (wait > 0.5) await device.received();
      await serving.kill();
      await serving.start();
    } else if (wait > 0.8) await device.received();
  }
  await device.received();
  await device.end();
  await serving.close();
  return { ...serving.saved('a'), lines: serving.lines, device, serving };
}

describe('a server that is killed', () => {
  test.each([1, 2, 3, 4, 5])(
    'continues every stream as if it had not been killed, bit by bit: seed %i',
    async (seed) => {
      const random = randomOf(seed + 100);
      const kills = new Set(Array.from({ length: 5 }, () => Math.floor(30 * random())));
      const [killed, whole] = await Promise.all([run(seed, kills), run(seed, new Set())]);
      expect(killed.next).toBe(whole.next);
      const welcomes = killed.device.replies.filter((reply): reply is Welcome => reply.type === 'welcome');
      expect(welcomes.length).toBeGreaterThan(1);
      expect(Buffer.compare(killed.pipeline, whole.pipeline)).toBe(0);
      for (const { recovered, next } of welcomes.slice(1)) expect(recovered ?? next === 0).toBe(true);
    },
    120_000,
  );

  test('does not lose what it has acknowledged as durable', async () => {
    const serving = new Serving(options);
    await serving.start();
    const device = new Device(serving.port, 'a', 7);
    for (let i = 0; i < 10; i++) device.send(50);
    await device.until((reply) => reply.type === 'ack' && reply.durable >= 250);
    await serving.kill();
    const acks = device.replies.filter((reply): reply is Ack => reply.type === 'ack');
    const durable = Math.max(...acks.map((ack) => ack.durable));
    await serving.start();
    await device.until((reply) => reply.type === 'welcome' && reply.recovered === true);
    const welcome = device.replies.findLast((reply): reply is Welcome => reply.type === 'welcome');
    expect(welcome?.next).toBeGreaterThanOrEqual(durable);
    await device.received();
    await device.end();
    await serving.close();
    expect(existsSync(join(serving.statePath, 'recordings', 'a'))).toBe(true);
  }, 60_000);
});
