import type { Random } from '../../core/random.ts';
import type { Sent } from './account.ts';
import { sampleAt } from './samples.ts';

/** What a device over HTTP sends. */
export interface HttpDeviceOptions {
  /** Address of the server, such as http://127.0.0.1:8080. */
  readonly server: string;
  readonly stream: string;
  readonly rate: number;
  readonly channels: number;
  readonly random: Random;
}

/** Milliseconds between two requests, and before a failed one is repeated. */
const interval = 1000;
/** Maximum number of samples of a request: its text must not be longer than `maxText` of the server. */
const maxSamples = 8192;
const retryAfter = 500;

/** A simulated device that publishes with HTTP requests, and repeats a request until it is accepted. */
export class HttpDevice {
  readonly stream: string;
  disconnections = 0;
  failure: string | undefined;
  readonly #options: HttpDeviceOptions;
  readonly #started = Date.now();
  #next = 0;
  #run: number | undefined;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(options: HttpDeviceOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#ended = this.#work();
  }

  get sent(): Sent {
    return { stream: this.stream, next: this.#next, omitted: 0 };
  }

  /** Resolves when the last request is accepted. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  abort(): void {
    this.#stop.abort();
  }

  async #work(): Promise<void> {
    await this.#pause(interval * this.#options.random.uniform());
    const { rate, channels } = this.#options;
    const most = Math.floor(maxSamples / channels);
    do {
      const due = Math.floor(((Date.now() - this.#started) * rate) / 1000) - this.#next;
      if (due > 0 || this.#next === 0) await this.#post(Math.min(Math.max(1, due), most));
      // after a slow answer, the rest follows at once
      if (due <= most) await this.#pause(interval);
    } while (!this.#stop.signal.aborted && this.failure === undefined);
  }

  async #post(frames: number): Promise<void> {
    const { server, stream, rate, channels } = this.#options;
    const start = this.#next;
    const column = (channel: number) => Array.from({ length: frames }, (_, i) => sampleAt(start + i, channel));
    const data = Array.from({ length: channels }, (_, channel) => column(channel));
    const time = this.#started + (start * 1000) / rate;
    const hello = { type: 'hello', channels, rate, ...(this.#run === undefined && { fresh: true }) };
    const body = JSON.stringify([hello, { type: 'samples', start, time, data }]);
    this.#next += frames;
    for (let attempt = 0; attempt < 100; attempt++) {
      try {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(`${server}/ingest/${stream}`, { method: 'POST', headers, body });
        const text = await response.text();
        if (response.ok) {
          this.#run = (JSON.parse(text) as { run: number }).run;
          return;
        }
        if (response.status !== 503) {
          this.failure = text.trim();
          return;
        }
      } catch {
        // the connection failed: repeat
      }
      this.disconnections++;
      await new Promise((resolve) => setTimeout(resolve, retryAfter));
    }
    this.failure = 'no request was accepted';
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  }
}
