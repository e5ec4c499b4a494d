import { setTimeout as sleep } from 'node:timers/promises';
import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { webhookAddress, type WebhookAddress } from './webhook-address.ts';

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

/**
 * Sends alarm events to an address, one POST of JSON each, in order. An answer other than 2xx, none in time, or no
 * connection: again after 1, 2, 4 … s, eight times in all, then the event is given up and told. 256 may wait; of more the
 * oldest are given up. 4xx but 408, 425 and 429 is final: it would be answered the same again.
 */
export class Webhook {
  readonly #address: WebhookAddress;
  readonly #backoff: number;
  readonly #timeout: number;
  readonly #tell: (line: string) => void;
  /** What is not delivered yet, the one that is being sent first. */
  readonly #waiting: string[] = [];
  readonly #stop = new AbortController();
  #sending = false;

  /** @param tell told what was given up */
  constructor(url: string, tell: (line: string) => void, { backoff = 1000, timeout = 10_000 }: WebhookOptions = {}) {
    this.#address = webhookAddress(url);
    this.#tell = tell;
    this.#backoff = backoff;
    this.#timeout = timeout;
  }

  push(event: AlarmEvent): void {
    if (this.#stop.signal.aborted) return;
    this.#waiting.push(JSON.stringify(event));
    if (this.#waiting.length > mostWaiting + 1) {
      this.#waiting.splice(1, 1);
      this.#giveUp('too many are waiting');
    }
    if (!this.#sending) void this.#send();
  }

  /** Gives up whatever waits, and tells how much that is. */
  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (this.#waiting.length > 0) this.#giveUp('the server stopped', this.#waiting.length);
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      await this.#deliver(this.#waiting[0]);
      this.#waiting.shift();
    }
    this.#sending = false;
  }

  async #deliver(body: string): Promise<void> {
    for (let failures = 0; ;) {
      const trouble = await this.#post(body);
      if (trouble === undefined || this.#stop.signal.aborted) return;
      if (trouble.final || ++failures === tries) {
        this.#giveUp(trouble.sentence);
        return;
      }
      const wait = Math.min(longest, this.#backoff * 2 ** (failures - 1));
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
  #giveUp(why: string, count = 1): void {
    const what = count === 1 ? 'an alarm was' : `${count} alarms were`;
    this.#tell(`webhook ${this.#address.url.host}: ${what} given up: ${why}`);
  }
}

/** Why there was no answer: what the connection says. What `fetch` itself says may quote the address. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.message || cause?.code || 'it could not be asked';
}
