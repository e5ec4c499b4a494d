import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { afterEach } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { bytesIn } from '../../src/core/state/state.ts';
import { decodeState } from '../../src/core/state/state-file.ts';
import { publish, type PublishEvent } from '../../src/sources/publish.ts';

const child = new URL('./serve-child.js', import.meta.url).pathname;
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const each of cleanUp.splice(0)) each();
});

/** A server in a process of its own, which can be killed and started again at the same port. */
export class Serving {
  readonly lines: string[] = [];
  readonly statePath: string;
  options: object;
  #process: ChildProcess | undefined;
  /** Rejects when the server ends by itself. */
  #failed: Promise<never> = new Promise(() => {});
  port = 0;

  constructor(options: object, statePath: string = mkdtempSync(join(tmpdir(), 'tapline-recovery-'))) {
    this.options = options;
    this.statePath = statePath;
    cleanUp.push(() => {
      this.#process?.kill('SIGKILL');
      rmSync(this.statePath, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const { statePath, port } = this;
    const started = fork(child, [JSON.stringify({ ...this.options, statePath, port })]);
    this.#process = started;
    this.#failed = new Promise((_, reject) => {
      started.on('exit', (code) => {
        if (this.#process === started)
          reject(new Error(`the server ended with code ${code}: ${this.lines.join('\n')}`));
      });
    });
    this.#failed.catch(() => {});
    const listening = new Promise<number>((resolve) => {
      started.on('message', (message: { port?: number; line?: string }) => {
        if (message.line !== undefined) this.lines.push(message.line);
        if (message.port !== undefined) resolve(message.port);
      });
    });
    this.port = await this.during(listening);
  }

  /** Returns what a promise resolves to. Throws if the server ends by itself before. */
  during<T>(waiting: Promise<T>): Promise<T> {
    return Promise.race([waiting, this.#failed]);
  }

  kill(): Promise<void> {
    return this.#end((serving) => serving.kill('SIGKILL'));
  }

  close(): Promise<void> {
    return this.#end((serving) => serving.send('close'));
  }

  async #end(by: (serving: ChildProcess) => void): Promise<void> {
    const serving = this.#process;
    if (!serving) return;
    this.#process = undefined;
    const ended = once(serving, 'exit');
    by(serving);
    await ended;
  }

  /** The saved pipeline of a stream, its run, and the index of its next frame. */
  saved(stream: string): { pipeline: Uint8Array; next: unknown } {
    const { state, extra } = decodeState('feed', readFileSync(join(this.statePath, `${stream}~pipeline.state`)));
    return { pipeline: bytesIn(state, 'pipeline'), next: (extra as { next: unknown }).next };
  }
}

/** A sensor that sends blocks as the test wants, and reconnects by itself. */
export class Device {
  readonly #blocks = new Subject<Block>();
  readonly replies: PublishEvent[] = [];
  readonly done: Promise<void>;
  #wake: () => void = () => {};
  #next = 0;
  #state: number;
  readonly #serving: Serving;

  constructor(serving: Serving, name: string, seed: number, more: object = {}) {
    this.#serving = serving;
    this.#state = seed;
    const published = publish(
      `ws://127.0.0.1:${serving.port}/ingest/${name}`,
      { channels: ['a', 'b'], rate: 100, ...more },
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

  /** Sends a block of noise, with a spike at its end; some frames are missing before it. */
  send(frames: number, missing = 0, spike = 0): void {
    const data = Float32Array.from({ length: 2 * frames }, (_, i) => {
      this.#state = (this.#state * 48271) % 2147483647;
      return Math.sin((this.#next + i) / 7) + this.#state / 2147483647 - 0.5;
    });
    data[data.length - 1] += spike;
    const start = this.#next + missing;
    this.#blocks.next({ data, channels: 2, rate: 100, start, time: 1_700_000_000_000 + 10 * start });
    this.#next = start + frames;
  }

  get next(): number {
    return this.#next;
  }

  /** Waits for a reply, among those from position `from` on. */
  async until(fits: (reply: PublishEvent) => boolean, from = 0): Promise<void> {
    for (let seen = from; ; seen++) {
      while (seen >= this.replies.length)
        await this.#serving.during(new Promise<void>((resolve) => (this.#wake = resolve)));
      if (fits(this.replies[seen])) return;
    }
  }

  /** Waits until all frames so far are received. A server that was started again says so when it welcomes the device. */
  received(): Promise<void> {
    const index = this.#next;
    return this.until(
      (reply) => (reply.type === 'ack' && reply.received >= index) || (reply.type === 'welcome' && reply.next >= index),
    );
  }

  /** Waits until all frames so far are durable. What a server that was started again knows is durable. */
  durable(): Promise<void> {
    const index = this.#next;
    return this.until(
      (reply) => (reply.type === 'ack' && reply.durable >= index) || (reply.type === 'welcome' && reply.next >= index),
    );
  }

  /** Kills the server, starts it again, and waits until it has welcomed all devices. */
  static async restart(serving: Serving, devices: readonly Device[]): Promise<void> {
    await serving.kill();
    const seen = devices.map(({ replies }) => replies.length);
    await serving.start();
    await Promise.all(devices.map((device, i) => device.until(({ type }) => type === 'welcome', seen[i])));
  }

  end(): Promise<void> {
    this.#blocks.complete();
    return this.#serving.during(this.done);
  }
}
