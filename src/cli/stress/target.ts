import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerReport, ServerRequest, ServerSample } from './server-process.ts';

/** The server under test. */
export interface Target {
  /** Address for WebSocket clients, such as ws://127.0.0.1:8080. */
  readonly url: string;
  /** The process of the server, if this process started it. */
  readonly own?: OwnServer;
}

/** Number of log lines that are kept. */
const maxLines = 200;

/** A server in a child process with a temporary state directory. */
export class OwnServer implements Target {
  readonly statePath: string;
  readonly log: string[] = [];
  #child: ChildProcess;
  #port = 0;
  /** Whether the next end of the child is expected. */
  #expected = false;
  #failure: string | undefined;
  #onSample: (sample: ServerSample) => void = () => {};

  private constructor(statePath: string) {
    this.statePath = statePath;
    this.#child = this.#fork();
  }

  static async start(): Promise<OwnServer> {
    const server = new OwnServer(await mkdtemp(join(tmpdir(), 'tapline-stress-')));
    await server.#listening();
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get own(): OwnServer {
    return this;
  }

  /** Why the server ended although nothing killed it; undefined if it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Stops the process as a closed laptop does; `resume` continues it. */
  suspend(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Kills the process and waits until it has ended. */
  async kill(): Promise<void> {
    this.#expected = true;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Starts the server again on the same port, after `kill` or `stop`. */
  async restart(): Promise<void> {
    this.#expected = false;
    this.#child = this.#fork();
    await this.#listening();
  }

  /** Starts to measure the delays of the event loop anew. */
  resetDelays(): void {
    this.#child.send('reset' satisfies ServerRequest);
  }

  /** Measures the process. */
  sample(): Promise<ServerSample> {
    return new Promise((resolve) => {
      this.#onSample = resolve;
      this.#child.send('sample' satisfies ServerRequest);
    });
  }

  /** Stops the server normally, unless it has ended. It can be started again. */
  async stop(): Promise<void> {
    this.#expected = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.resume();
    const ended = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
  }

  /** Stops the server and deletes its state. */
  async close(): Promise<void> {
    await this.stop();
    await rm(this.statePath, { recursive: true, force: true });
  }

  #fork(): ChildProcess {
    const script = fileURLToPath(new URL(`server-process${extname(import.meta.url)}`, import.meta.url));
    const child = fork(script, [String(this.#port), this.statePath], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text.trimEnd()));
    child.on('message', (report: ServerReport) => {
      if ('line' in report) this.#keep(report.line);
      if ('sample' in report) this.#onSample(report.sample);
    });
    child.on('exit', (code, signal) => {
      if (!this.#expected) this.#failure = `The server ended with ${signal ?? `exit code ${code}`}.`;
    });
    return child;
  }

  async #listening(): Promise<void> {
    const child = this.#child;
    await new Promise<void>((resolve, reject) => {
      child.on('message', (report: ServerReport) => {
        if ('failed' in report) reject(new Error(`The server could not be started: ${report.failed}`));
        if (!('port' in report)) return;
        this.#port = report.port;
        resolve();
      });
      child.once('exit', () => reject(new Error(`The server could not be started: ${this.log.join('\n')}`)));
    });
  }

  #keep(line: string): void {
    this.log.push(line);
    if (this.log.length > maxLines) this.log.shift();
  }
}
