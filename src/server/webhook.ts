import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** Timing of a webhook. */
export interface WebhookOptions {
  /** Milliseconds before the first retry; doubled for each further one. Default: 1000. */
  backoff?: number;
  /** Milliseconds to wait for a response. Default: 10,000. */
  timeout?: number;
}

/** Maximum number of attempts per event. */
const maxAttempts = 8;
/** Longest delay between two attempts in ms. */
const maxBackoff = 120_000;
/** Maximum number of events that wait for delivery. */
const maxPending = 256;

/**
 * Sends alarm events to a URL, one JSON POST request per event, in order. A failed connection, a timeout, or a response
 * other than 2xx is retried with exponential backoff (1, 2, 4, … s), up to eight attempts; then the event is dropped and
 * logged. Responses with 4xx, except 408, 425, and 429, are not retried. At most 256 events wait; the oldest are dropped.
 */
export class Webhook {
  readonly #address: WebhookAddress;
  readonly #backoff: number;
  readonly #timeout: number;
  readonly #log: (line: string) => void;
  /** Undelivered events; the first is being sent. */
  readonly #pending: string[] = [];
  readonly #stop = new AbortController();
  #sending = false;

  /** @param log called with a line for each dropped event */
  constructor(url: string, log: (line: string) => void, { backoff = 1000, timeout = 10_000 }: WebhookOptions = {}) {
    this.#address = webhookAddress(url);
    this.#log = log;
    this.#backoff = backoff;
    this.#timeout = timeout;
  }

  push(event: AlarmEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#pending.push(JSON.stringify(event));
    if (this.#pending.length > maxPending + 1) {
      this.#pending.splice(1, 1);
      this.#abandon('too many events are waiting');
    }
    if (!this.#sending) void this.#send();
  }

  /** Drops the events that wait and logs their number. */
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
      const failure = await this.#post(body);
      if (failure === undefined || this.#stop.signal.aborted) return;
      if (failure.final || ++failures === maxAttempts) {
        this.#abandon(failure.sentence);
        return;
      }
      const wait = Math.min(maxBackoff, this.#backoff * 2 ** (failures - 1));
      await sleep(wait, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
    }
  }

  async #post(body: string): Promise<{ sentence: string; final: boolean } | undefined> {
    const { url, headers } = this.#address;
    const deadline = AbortSignal.timeout(this.#timeout);
    try {
      const signal = AbortSignal.any([this.#stop.signal, deadline]);
      const answer = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
      await answer.body?.cancel();
      if (answer.ok) return undefined;
      const final = answer.status < 500 && ![408, 425, 429].includes(answer.status);
      return { sentence: `the response was ${answer.status}`, final };
    } catch (error) {
      if (deadline.aborted) return { sentence: `no response within ${this.#timeout} ms`, final: false };
      return { sentence: causeOf(error), final: false };
    }
  }

  /** Logs only the host of the URL: the rest may be secret. */
  #abandon(reason: string, count = 1): void {
    const events = count === 1 ? '1 alarm event' : `${count} alarm events`;
    this.#log(`webhook ${this.#address.url.host}: dropped ${events}: ${reason}`);
  }
}

/** Why there was no response: the error of the connection. The message of `fetch` itself may quote the URL. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.message || cause?.code || 'the request failed';
}

/** The URL of a webhook and its request headers. */
export interface WebhookAddress {
  url: URL;
  headers: Readonly<Record<string, string>>;
}

/**
 * Parses the URL of a webhook; credentials (`https://user:password@host`) become an Authorization header, because `fetch`
 * rejects them in a URL.
 * @throws TypeError that quotes only the scheme of the URL: the rest may be secret
 */
export function webhookAddress(text: string): WebhookAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(
      `webhook must be an http: or https: URL, got ${url ? `a URL with ${url.protocol}` : 'text that is not a URL'}`,
    );
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

/** Decodes percent-encoding; returns invalid text unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
