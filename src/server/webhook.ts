import type { AlarmEvent } from '../core/alarms/alarm-book.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a webhook is called. */
export interface WebhookOptions {
  /** Ms before the first retry; each one doubles it. Default 1000. */
  backoff?: number;
  /** Ms that an answer may take. Default 10 000. */
  timeout?: number;
}

/** How often an event is sent before it is given up, the longest wait between, and how many may wait. */
const maxAttempts = 8;
const maxBackoff = 120_000;
const maxPending = 256;

/**
 * Sends alarm events to an address, one POST of JSON each, in order. An answer other than 2xx, none in time, or no
 * connection: again after 1, 2, 4 … s, eight times in all, then the event is given up and told. 256 may wait; of more the
 * oldest are given up. 4xx but 408, 425 and 429 is final: it would be answered the same again.
 */
export class Webhook {
  readonly #address: WebhookAddress;
  readonly #backoff: number;
  readonly #timeout: number;
  readonly #log: (line: string) => void;
  /** What is not delivered yet, the one that is being sent first. */
  readonly #pending: string[] = [];
  readonly #stop = new AbortController();
  #sending = false;

  /** @param tell told what was given up */
  constructor(url: string, tell: (line: string) => void, { backoff = 1000, timeout = 10_000 }: WebhookOptions = {}) {
    this.#address = webhookAddress(url);
    this.#log = tell;
    this.#backoff = backoff;
    this.#timeout = timeout;
  }

  push(event: AlarmEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#pending.push(JSON.stringify(event));
    if (this.#pending.length > maxPending + 1) {
      this.#pending.splice(1, 1);
      this.#abandon('too many are waiting');
    }
    if (!this.#sending) void this.#send();
  }

  /** Gives up whatever waits, and tells how much that is. */
  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (this.#pending.length > 0) this.#abandon('the server stopped', this.#pending.length);
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#pending.length > 0 && !this.#stop.signal.aborted) {
      await this.#deliver(this.#pending[0]);
      this.#pending.shift();
    }
    this.#sending = false;
  }

  async #deliver(body: string): Promise<void> {
    for (let failures = 0; ;) {
      const trouble = await this.#post(body);
      if (trouble === undefined || this.#stop.signal.aborted) return;
      if (trouble.final || ++failures === maxAttempts) {
        this.#abandon(trouble.sentence);
        return;
      }
      const wait = Math.min(maxBackoff, this.#backoff * 2 ** (failures - 1));
      await sleep(wait, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
    }
  }

  async #post(body: string): Promise<{ sentence: string; final: boolean } | undefined> {
    const { url, headers } = this.#address;
    const late = AbortSignal.timeout(this.#timeout);
    try {
      const signal = AbortSignal.any([this.#stop.signal, late]);
      const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
      await answer.body?.cancel();
      if (answer.ok) return undefined;
      const final = answer.status < 500 && ![408, 425, 429].includes(answer.status);
      return { sentence: `it answered ${answer.status}`, final };
    } catch (error) {
      if (late.aborted) return { sentence: `it did not answer within ${this.#timeout} ms`, final: false };
      return { sentence: causeOf(error), final: false };
    }
  }

  /** The address may hold a secret: only its host is told. */
  #abandon(why: string, count = 1): void {
    const what = count === 1 ? 'an alarm was' : `${count} alarms were`;
    this.#log(`webhook ${this.#address.url.host}: ${what} given up: ${why}`);
  }
}

/** Why there was no answer: what the connection says. What `fetch` itself says may quote the address. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.message || cause?.code || 'it could not be asked';
}

/** Where a webhook is, and what is said there beside the alarm. */
export interface WebhookAddress {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

/**
 * Reads the address of a webhook; `https://user:password@host` becomes a header, as `fetch` wants it. Throws a TypeError
 * that quotes no more of it than its scheme: the rest may be secret.
 */
export function webhookAddress(text: string): WebhookAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(`webhook must be an http: or https: address, got ${url ? `one of ${url.protocol}` : 'none'}`);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const headers = { 'content-type': 'application/json', 'user-agent': 'tapline' };
  if (username === '' && password === '') return { url, headers };
  return { url, headers: { ...headers, authorization: `Basic ${base64(username, password)}` } };
}

function base64(username: string, password: string): string {
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64');
}

/** What was percent-encoded in an address; as it is, where it was not. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
