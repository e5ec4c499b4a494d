/** Longest header of a WebSocket frame: 2 bytes, 8 of the length, and 4 of the mask. */
const maxHeader = 14;

/**
 * Follows the frames of a WebSocket connection (RFC 6455, section 5.2) by their headers, without their content: whether a message
 * has begun and is not complete, and how many bytes of it have arrived.
 */
export class FrameTracker {
  readonly #header = new Uint8Array(maxHeader);
  readonly #view = new DataView(this.#header.buffer);
  #headerLength = 0;
  /** Length of the current header, as far as it is known. */
  #headerEnd = 2;
  /** Bytes of the current frame's payload that have not arrived. */
  #left = 0;
  #final = true;
  #control = false;
  /** Whether a message has begun whose last frame has not. */
  #fragmented = false;
  #complete = 0;
  #controls = 0;
  #bytes = 0;

  /** Whether a message or a frame has begun and is not complete. */
  get unfinished(): boolean {
    return this.#headerLength > 0 || this.#left > 0 || this.#fragmented;
  }

  /** Number of complete messages. Pings and pongs count unless they are in the middle of a message. */
  get complete(): number {
    return this.#complete;
  }

  /** Number of control frames: pings, pongs, and close. */
  get controls(): number {
    return this.#controls;
  }

  /** Bytes of the unfinished message that have arrived, without headers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads the next bytes of the connection. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const count = Math.min(this.#left, chunk.length - at);
        at += count;
        this.#left -= count;
        if (!this.#control) this.#bytes += count;
      } else {
        this.#header[this.#headerLength++] = chunk[at++];
        if (this.#headerLength === 2) this.#headerEnd = headerLength(this.#header[1]);
        if (this.#headerLength < this.#headerEnd) continue;
        this.#readHeader();
      }
      if (this.#left === 0) this.#endFrame();
    }
  }

  #readHeader(): void {
    const first = this.#header[0];
    const length = this.#header[1] & 127;
    this.#headerLength = 0;
    this.#headerEnd = 2;
    this.#final = first >= 128;
    this.#control = (first & 8) !== 0;
    this.#left = length;
    if (length === 126) this.#left = this.#view.getUint16(2);
    else if (length === 127) this.#left = Number(this.#view.getBigUint64(2));
    if (this.#control) this.#controls++;
    else this.#fragmented = true;
  }

  #endFrame(): void {
    if (!this.#control && this.#final) {
      this.#fragmented = false;
      this.#bytes = 0;
    }
    if (!this.#fragmented) this.#complete++;
  }
}

/** Length of a header with this second byte. */
function headerLength(second: number): number {
  const length = second & 127;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second >= 128 ? 4 : 0);
}
