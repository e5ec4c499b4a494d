import type { AlarmEvent } from '../core/alarms/alarm-book.ts';
import { invalid } from '../core/check.ts';

/** How a webhook is called. */
export interface WebhookOptions {
  /** Ms before the first retry; each one doubles it. Default 1000. */
  backoff?: number;
  /** Ms that an answer may take. Default 10 000. */
  timeout?: number;
}

/** How often an event is sent before it is given up, the longest wait between, and how many may wait. */
const tries = 8;
const longest = 120_000;
const mostWaiting = 256;

/** Throws a TypeError unless `url` is an address for POST. */
export function webhookUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw invalid('webhook', 'an http: or https: address', url, TypeError);
  return parsed;
}

/**
 * Sends alarm events to an address, one POST of JSON each, in order. An answer other than 2xx, none in time, or no
 * connection: again after 1, 2, 4 … s, eight times in all, then the event is given up and told. 256 may wait; of more the
 * oldest are given up. 4xx but 408, 425 and 429 is final: it would be answered the same again.
 */
export class Webhook {
  readonly #url: URL;
  readonly #backoff: number;
  readonly #timeout: number;
  readonly #tell: (line: string) => void;
  readonly #waiting: string[] = [];
  readonly #stop = new AbortController();
  #sending = false;

  /** @param tell told what was given up */
  constructor(url: string, tell: (line: string) => void, { backoff = 1000, timeout = 10_000 }: WebhookOptions = {}) {
    this.#url = webhookUrl(url);
    this.#tell = tell;
    this.#backoff = backoff;
    this.#timeout = timeout;
  }

  push(event: AlarmEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#waiting.push(JSON.stringify(event));
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift();
      this.#giveUp('too many are waiting');
    }
    if (!this.#sending) void this.#send();
  }

  /** Gives up whatever waits. */
  close(): void {
    this.#stop.abort();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    for (let body = this.#waiting.shift(); body !== undefined; body = this.#waiting.shift()) await this.#deliver(body);
    this.#sending = false;
  }

  async #deliver(body: string): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted;) {
      const trouble = await this.#post(body);
      if (trouble === undefined) return;
      if (trouble.final || ++failures === tries) {
        this.#giveUp(trouble.sentence);
        return;
      }
      await this.#pause(Math.min(longest, this.#backoff * 2 ** (failures - 1)));
    }
  }

  async #post(body: string): Promise<{ sentence: string; final: boolean } | undefined> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#timeout)]);
      const headers = { 'content-type': 'application/json', 'user-agent': 'tapline' };
      const answer = await fetch(this.#url, { method: 'POST', headers, body, signal, redirect: 'error' });
      await answer.body?.cancel();
      if (answer.ok) return undefined;
      const final = answer.status < 500 && ![408, 425, 429].includes(answer.status);
      return { sentence: `it answered ${answer.status}`, final };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { sentence: cause instanceof Error ? cause.message : String(cause), final: false };
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** The address may hold a secret: only its host is told. */
  #giveUp(why: string): void {
    this.#tell(`webhook ${this.#url.host}: an alarm was given up: ${why}`);
  }
}
