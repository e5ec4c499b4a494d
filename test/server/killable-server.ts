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
  readonly statePath = mkdtempSync(join(tmpdir(), 'tapline-recovery-'));
  options: object;
  #process: ChildProcess | undefined;
  port = 0;

  constructor(options: object) {
    this.options = options;
    cleanUp.push(() => {
      this.#process?.kill('SIGKILL');
      rmSync(this.statePath, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const { statePath, port } = this;
    const started = fork(child, [JSON.stringify({ ...this.options, statePath, port })]);
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
export class Device {
  readonly #blocks = new Subject<Block>();
  readonly replies: PublishEvent[] = [];
  readonly done: Promise<void>;
  #wake: () => void = () => {};
  #next = 0;
  #state: number;

  constructor(port: number, name: string, seed: number, more: object = {}) {
    this.#state = seed;
    const published = publish(
      `ws://127.0.0.1:${port}/ingest/${name}`,
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
