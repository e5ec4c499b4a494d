/** Bytes that may be on their way to a viewer: at first, at least, and at most. */
const initialBytes = 256 << 10;
const minBytes = 8 << 10;
const maxBytes = 512 << 10;
/** A message that is on its way for longer than this, in ms, is late: less is sent. */
const late = 500;
/** A message that was on its way for at most this long, in ms, was fast: more can be sent. */
const fast = 200;

/** A message that has not been acknowledged. */
interface SentMessage {
  readonly bytes: number;
  /** In ms. */
  readonly at: number;
}

/**
 * How much is sent to a viewer that acknowledges messages: little enough that it arrives soon, however slow the viewer or its
 * connection is. Otherwise messages would wait for long in the buffers between the server and the viewer. The limit is halved if
 * a message is late, and grows by a quarter while messages are fast. Before the first acknowledgment there is no limit.
 */
export class SendWindow {
  #isActive = false;
  /** Number of messages sent. */
  #sent = 0;
  /** Messages that have not been acknowledged, in order. */
  readonly #unacknowledged: SentMessage[] = [];
  #bytes = 0;
  #limit = initialBytes;
  #lastHalved = -Infinity;

  /** Number of messages sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Whether more can be sent. */
  get isOpen(): boolean {
    return this.#bytes < this.#limit;
  }

  /** How long the oldest unacknowledged message has been on its way at `now`, in ms; undefined without acknowledgments. */
  behind(now: number): number | undefined {
    if (!this.#isActive) return undefined;
    const [oldest] = this.#unacknowledged;
    return oldest ? now - oldest.at : 0;
  }

  /** Records a message that is sent at `now` (ms). */
  send(bytes: number, now: number): void {
    this.#sent++;
    if (!this.#isActive) return;
    this.#unacknowledged.push({ bytes, at: now });
    this.#bytes += bytes;
  }

  /** Records at `now` (ms) that the viewer has received the first `received` messages, at most `sent`. */
  acknowledge(received: number, now: number): void {
    this.#isActive = true;
    let left = this.#unacknowledged.length - Math.max(0, this.#sent - received);
    for (; left > 0; left--) {
      const { bytes, at } = this.#unacknowledged.shift()!;
      this.#adapt(now - at, now);
      this.#bytes -= bytes;
    }
  }

  #adapt(duration: number, now: number): void {
    if (duration > late) {
      // the messages that are on their way are late for the same reason
      if (now - duration <= this.#lastHalved) return;
      this.#limit = Math.max(minBytes, this.#limit / 2);
      this.#lastHalved = now;
    } else if (duration <= fast) this.#limit = Math.min(maxBytes, this.#limit * 1.25);
  }
}
