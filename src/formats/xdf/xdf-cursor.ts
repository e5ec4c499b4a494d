import { int16, sampleTypes, type SampleType } from '../signal.ts';

const float64 = sampleTypes.get(17) ?? int16;
const utf8 = new TextDecoder();

/** Reads a chunk. After its end, `ended` is true and all numbers are NaN. */
export class XdfCursor {
  ended = false;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  number(type: SampleType): number {
    const at = this.#at;
    if (at + type.bytes > this.#bytes.length) this.ended = true;
    if (this.ended) return NaN;
    this.#at += type.bytes;
    return type.read(this.#view, at);
  }

  /** A variable-length integer: its size in bytes (1, 4, or 8), then its value. */
  length(): number {
    const size = this.#bytes.at(this.#at++) ?? 0;
    const bytes = this.#bytes.subarray(this.#at, (this.#at += size));
    const value = bytes.length === size ? lengthOf(bytes) : undefined;
    this.ended ||= value === undefined;
    return value ?? 0;
  }

  /** A timestamp; undefined if it is absent. */
  stamp(): number | undefined {
    if (this.#at >= this.#bytes.length) this.ended = true;
    return this.ended || this.#bytes[this.#at++] === 0 ? undefined : this.number(float64);
  }

  text(): string {
    const length = this.length();
    const bytes = this.#bytes.subarray(this.#at, (this.#at += length));
    if (bytes.length < length) this.ended = true;
    return utf8.decode(bytes);
  }
}

/** The value of an integer of 1, 4, or 8 bytes; undefined for other sizes. */
export function lengthOf(bytes: Uint8Array): number | undefined {
  if (![1, 4, 8].includes(bytes.length)) return undefined;
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
