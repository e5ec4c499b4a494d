import { cut, type ErrorCode, type ProtocolError } from '../protocol/protocol-error.ts';
import type { RejectedMessages } from '../protocol/watch-message.ts';

/** Maximum length of the sentence that is kept: every viewer receives it each second. */
const maxLast = 300;

/** Counts the messages of a stream that were rejected, by reason. */
export class Rejections {
  #count = 0;
  #inARow = 0;
  #last = '';
  #lastTime = -Infinity;
  readonly #reasons = new Map<ErrorCode, number>();

  /** Time of the last one, in ms since 1970. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Adds a message rejected at `now`. Returns whether to log it: the first, the tenth, the hundredth, and so on. */
  add({ code, message }: ProtocolError, now: number): boolean {
    this.#lastTime = now;
    this.#count++;
    this.#inARow++;
    this.#last = cut(message, maxLast);
    this.#reasons.set(code, (this.#reasons.get(code) ?? 0) + 1);
    return /^10*$/.test(String(this.#count));
  }

  /** A message was accepted. */
  accept(): void {
    this.#inARow = 0;
  }

  /** The counts so far; undefined if no message was rejected. */
  get summary(): RejectedMessages | undefined {
    if (this.#count === 0) return undefined;
    return { count: this.#count, reasons: Object.fromEntries(this.#reasons), last: this.#last, inARow: this.#inARow };
  }
}
