import { invalid, oneOf } from '../../core/check.ts';
import type { DescribedChannel } from '../channel-type.ts';
import { int16, sampleTypes, unitOf, type SampleType } from '../signal.ts';
import { isLastOdd } from './xdf-clock.ts';
import { XdfCursor } from './xdf-cursor.ts';
import { childOf, parseXml, textOf } from './xml.ts';

const numeric = {
  int8: sampleTypes.get(1) ?? int16,
  int16,
  int32: sampleTypes.get(5) ?? int16,
  int64: sampleTypes.get(7) ?? int16,
  float32: sampleTypes.get(16) ?? int16,
  double64: sampleTypes.get(17) ?? int16,
};
const formats = [...(Object.keys(numeric) as (keyof typeof numeric)[]), 'string'] as const;

/** One stream of an XDF file: its header, samples, and timestamps. */
export class XdfStream {
  readonly name: string;
  readonly type: string;
  /** Nominal sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  readonly channels: readonly DescribedChannel[];
  /** Name of the computer that sent it; '' if unknown. */
  readonly host: string;
  /** Whether samples are texts, or numbers that stand for events. */
  readonly isMarkers: boolean;
  /** Whether samples can be dropped without a jump of the timestamps, so that jitter must not be removed. */
  readonly canDrop: boolean;
  readonly offsets: { readonly times: number[]; readonly values: number[] } = { times: [], values: [] };
  /** Numbers, [frames, channels], in pieces; empty if the samples are texts. */
  readonly pieces: Float32Array[] = [];
  /** Texts of events, one per frame. */
  readonly texts: string[] = [];
  /** Whether some chunk contains fewer samples than it states. */
  incomplete = false;
  readonly #sample: SampleType | undefined;
  readonly #stamps: number[] = [];
  #last = 0;
  /** Number of samples by the footer. */
  #counted = Infinity;

  /** @param xml content of the chunk StreamHeader */
  constructor(xml: string) {
    const info = parseXml(xml);
    this.name = textOf(info, 'name') || 'without a name';
    this.type = textOf(info, 'type');
    const count = Number(textOf(info, 'channel_count'));
    if (!Number.isSafeInteger(count) || count < 1)
      throw invalid(`channel_count of the stream '${this.name}'`, 'an integer >= 1', textOf(info, 'channel_count'));
    const rate = textOf(info, 'nominal_srate') || '0';
    this.rate = Number(rate);
    if (!(this.rate >= 0 && this.rate < Infinity))
      throw invalid(`nominal_srate of the stream '${this.name}'`, 'a number >= 0 in Hz', rate);
    const format = oneOf(`channel_format of the stream '${this.name}'`, textOf(info, 'channel_format'), formats);
    this.#sample = format === 'string' ? undefined : numeric[format];
    this.isMarkers = format === 'string' || (this.rate === 0 && /marker|event|trigger|stim/i.test(this.type));
    this.host = textOf(info, 'hostname');
    this.canDrop = textOf(info, 'desc', 'synchronization', 'can_drop_samples') === 'true';
    const described = childOf(info, 'desc', 'channels')?.children.filter(({ name }) => name === 'channel') ?? [];
    this.channels = Array.from({ length: count }, (_, i) => {
      const about = described.at(i);
      return {
        label: textOf(about, 'label') || textOf(about, 'name') || `channel ${i + 1}`,
        unit: unitOf(textOf(about, 'unit')),
        transducer: textOf(about, 'type') || this.type,
      };
    });
  }

  get frames(): number {
    return this.#stamps.length;
  }

  /** Adds a measured clock offset in s. */
  addOffset(time: number, value: number): void {
    if (!isTime(time) || !isTime(value)) return;
    this.offsets.times.push(time);
    this.offsets.values.push(value);
  }

  /** Reads the content of the chunk StreamFooter; one that is damaged is ignored. */
  addFooter(xml: string): void {
    try {
      const counted = Number(textOf(parseXml(xml), 'sample_count') || 'NaN');
      if (counted > 0) this.#counted = Math.floor(counted);
    } catch {
      // The footer only repeats what the chunks contain.
    }
  }

  /**
   * Removes the samples that the footer does not count if the last clock offset is wrong too: both are written when a sender
   * ends while it is recorded. Returns whether there were any. https://github.com/sccn/liblsl/issues/246
   */
  removeGarbage(): boolean {
    const { times, values } = this.offsets;
    if (this.frames <= this.#counted || !isLastOdd(times, values)) return false;
    times.pop();
    values.pop();
    this.#stamps.length = this.#counted;
    this.texts.length = Math.min(this.texts.length, this.#counted);
    let rest = this.#counted * this.channels.length;
    for (const [i, piece] of this.pieces.entries()) {
      this.pieces[i] = piece.subarray(0, rest);
      rest = Math.max(0, rest - piece.length);
    }
    return true;
  }

  /** The numbers of each frame. */
  numbers(): number[][] {
    const { length } = this.channels;
    return this.pieces.flatMap((piece) =>
      Array.from({ length: piece.length / length }, (_, i) => [...piece.subarray(i * length, (i + 1) * length)]),
    );
  }

  /** The timestamps in s, by the clock of the stream. */
  stamps(): Float64Array {
    return Float64Array.from(this.#stamps);
  }

  /**
   * Adds the samples of a chunk, as far as they are complete. Returns whether all are.
   *
   *     number of samples, then for each: 8 and float64 timestamp, or 0; values
   *     values: numbers, or texts, each after its length in bytes
   *
   * A sample without a valid timestamp is one interval of the nominal rate after the previous one.
   */
  add(chunk: Uint8Array): boolean {
    const cursor = new XdfCursor(chunk);
    const count = cursor.length();
    const { length: channels } = this.channels;
    const bytes = channels * (this.#sample?.bytes ?? 1);
    const numbers = new Float32Array(
      this.isMarkers ? 0 : Math.min(count, Math.floor(chunk.length / (bytes + 1))) * channels,
    );
    let read = 0;
    for (; read < count; read++) {
      const given = cursor.stamp();
      const stamp = isTime(given) ? given : this.#last + (this.rate > 0 ? 1 / this.rate : 0);
      if (this.isMarkers) {
        const text = Array.from({ length: channels }, () => this.#text(cursor))
          .filter(Boolean)
          .join(' ');
        if (cursor.ended) break;
        this.texts.push(text);
      } else {
        for (let i = 0; i < channels; i++) {
          const value = this.#sample ? cursor.number(this.#sample) : NaN;
          if (!cursor.ended) numbers[read * channels + i] = value;
        }
        if (cursor.ended) break;
      }
      this.#last = stamp;
      this.#stamps.push(stamp);
    }
    if (!this.isMarkers && read > 0) this.pieces.push(numbers.subarray(0, read * channels));
    return read === count;
  }

  #text(cursor: XdfCursor): string {
    return this.#sample ? String(cursor.number(this.#sample)) : cursor.text();
  }
}

/** Whether a time in s is a number within the range of dates. */
function isTime(time: number | undefined): time is number {
  return time !== undefined && Math.abs(time) <= 4e12;
}
