import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workloadOf } from './workloads.ts';

/** What a server process says about itself. */
export interface ServerSample {
  /** Processor time since its start, of all threads, in µs. */
  readonly cpu: number;
  /** Delay of the event loop since the last reset, in ms. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Resident memory in bytes. */
  readonly rss: number;
}

/** What is served; see `server-child.js`. */
export interface Served {
  readonly kind: 'count' | 'parse' | 'echo' | 'tapline';
  /** Options of `createServer`, apart from the feed. */
  readonly server?: object;
  /** The default feed, or one feature map, W2, with or without a detector. */
  readonly feed?: 'default' | { readonly detect: boolean };
  /** Whether streams are recorded, in a temporary directory. Default: nothing is saved. */
  readonly recorded?: boolean;
}

/** A process that answers one message at a time. */
class Child {
  readonly #child: ChildProcess;
  #answer: (answer: Record<string, unknown>) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(script: string, args: readonly string[]) {
    this.#child = fork(fileURLToPath(new URL(script, import.meta.url)), [...args]);
    this.#child.on('message', (message: Record<string, unknown>) => {
      if ('line' in message) return;
      if ('failed' in message) this.#fail(new Error(String(message.failed)));
      else this.#answer(message);
    });
    this.#child.on('exit', (code) => {
      this.#fail(new Error(`${script} ended with code ${code}`));
    });
  }

  answer(request?: object): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
      if (request) this.#child.send(request);
    });
  }

  close(): Promise<void> {
    this.#fail = () => {};
    return new Promise((resolve) => {
      this.#child.once('exit', () => {
        resolve();
      });
      this.#child.kill('SIGKILL');
    });
  }
}

/** A server under measurement. */
export class ServerProcess {
  readonly url: string;
  readonly #child: Child;
  readonly #directory: string | undefined;

  private constructor(child: Child, port: number, directory: string | undefined) {
    this.#child = child;
    this.url = `ws://127.0.0.1:${port}`;
    this.#directory = directory;
  }

  static async start({ kind, server = {}, feed = 'default', recorded = false }: Served): Promise<ServerProcess> {
    const directory = recorded ? mkdtempSync(join(tmpdir(), 'tapline-bench-')) : undefined;
    const { spec, weights, blocks } = workloadOf('W2', 25);
    const plain = Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]);
    const network = { spec, weights: Object.fromEntries(plain) as object, block: Array.from(blocks[0]) };
    const options = { kind, feed, ...network, server: { ...server, ...(directory && { statePath: directory }) } };
    const child = new Child('server-child.js', [JSON.stringify(options)]);
    const { port } = await child.answer();
    return new ServerProcess(child, Number(port), directory);
  }

  async sample(): Promise<ServerSample> {
    return (await this.#child.answer({ do: 'sample' })) as unknown as ServerSample;
  }

  /** Starts to measure the delays of the event loop anew, and returns what was measured. */
  async reset(): Promise<ServerSample> {
    return (await this.#child.answer({ do: 'reset' })) as unknown as ServerSample;
  }

  /** Processor time in µs of one call of W2 alone, with 25 frames. */
  async engineTime(): Promise<number> {
    const calls = 20_000;
    const { engine } = await this.#child.answer({ do: 'engine', calls });
    return Number(engine) / calls;
  }

  async close(): Promise<void> {
    await this.#child.close();
    if (this.#directory) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Clients in a process of their own; see `server-load.js`. */
export class LoadProcess {
  readonly #child = new Child('server-load.js', []);

  async do<T>(what: string, request: object = {}): Promise<T> {
    const { done } = await this.#child.answer({ do: what, ...request });
    return done as T;
  }

  close(): Promise<void> {
    return this.#child.close();
  }
}
