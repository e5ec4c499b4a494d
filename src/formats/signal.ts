import { invalid } from '../core/check.ts';
import type { DescribedChannel } from './channel-type.ts';

/** A signal of a file that consists of records. */
export interface RecordSignal extends DescribedChannel {
  /** Content. Only samples become channels. Annotations and triggers become marks; samples in an event table are ignored. */
  readonly content: 'samples' | 'annotations' | 'triggers' | 'events';
  /** Samples per record. */
  readonly samples: number;
  /** The scale from stored to physical samples. Called for selected signals; throws if the header does not contain it. */
  scale(): Scale;
}

/** A signal whose samples of one record are consecutive. */
export interface Signal extends RecordSignal {
  readonly type: SampleType;
}

/** physical = offset + gain (stored - zero) */
export interface Scale {
  readonly gain: number;
  readonly zero: number;
  readonly offset: number;
}

/** The reason why a signal cannot be read; undefined if it can. */
export function readErrorOf(signal: RecordSignal): Error | undefined {
  const { label, content, samples } = signal;
  if (content === 'events') return undefined;
  if (samples === 0) return invalid(`samples per record of ${label}`, 'an integer >= 1', samples);
  if (content !== 'samples') return undefined;
  try {
    signal.scale();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

/** The scale that maps the digital to the physical range, each [minimum, maximum]. */
export function scaleOf(label: string, physical: readonly number[], digital: readonly number[]): Scale {
  const range = (name: string, [min, max]: readonly number[]) => {
    if (max === min) throw invalid(`${name} maximum of ${label}`, `different from its ${name} minimum`, max);
    return max - min;
  };
  return { gain: range('physical', physical) / range('digital', digital), zero: digital[0], offset: physical[0] };
}

/** The size of a record in bytes. */
export function recordBytes(signals: readonly Signal[]): number {
  return signals.reduce((bytes, { samples, type }) => bytes + samples * type.bytes, 0);
}

/** The offset of a signal in a record in bytes. */
export function offsetOf(signal: Signal, signals: readonly Signal[]): number {
  return recordBytes(signals.slice(0, signals.indexOf(signal)));
}

/**
 * Creates a decoder of records that returns the physical samples of the selected signals, [frames, channels]. The next call
 * overwrites the returned array.
 */
export function recordDecoder(
  signals: readonly Signal[],
  selected: readonly Signal[],
): (record: Uint8Array) => Float32Array {
  const channels = selected.length;
  const sources = selected.map((signal) => ({ ...signal, ...signal.scale(), start: offsetOf(signal, signals) }));
  let frames = new Float32Array(0);
  return (record) => {
    if (frames.length === 0) frames = new Float32Array(channels * (selected.at(0)?.samples ?? 0));
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    sources.forEach(({ start, samples, type, gain, zero, offset }, channel) => {
      for (let frame = 0; frame < samples; frame++)
        frames[frame * channels + channel] = offset + gain * (type.read(view, start + frame * type.bytes) - zero);
    });
    return frames;
  };
}

/** The encoding of one sample in a file, little-endian. */
export interface SampleType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

export const int16: SampleType = { bytes: 2, read: (view, at) => view.getInt16(at, true) };
export const int24: SampleType = {
  bytes: 3,
  read: (view, at) => view.getUint16(at, true) + view.getInt8(at + 2) * 65536,
};

/** The types by their codes in GDF. 64-bit integers above 2^53 are rounded. */
export const sampleTypes: ReadonlyMap<number, SampleType> = new Map([
  [1, { bytes: 1, read: (view, at) => view.getInt8(at) }],
  [2, { bytes: 1, read: (view, at) => view.getUint8(at) }],
  [3, int16],
  [4, { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [5, { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [6, { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [7, { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [8, { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [16, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [17, { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
  [255 + 24, int24],
  [511 + 24, { bytes: 3, read: (view, at) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536 }],
] satisfies [number, SampleType][]);

/**
 * Notes on the number of records and on an incomplete last one. Throws a RangeError if there is no complete record.
 *
 * @param expected number of records in the header; -1 if unknown
 * @param rest bytes of the incomplete record
 * @param bytes bytes of a complete record
 */
export function recordNotes(expected: number, records: number, rest: number, bytes: number): string[] {
  if (records === 0) throw invalid('number of complete data records', '>= 1', 0);
  const count =
    expected === -1
      ? `The header does not specify the number of data records; the file contains ${records}.`
      : `The header specifies ${expected} data records, but the file contains ${records}.`;
  const truncated = `The file ends within a data record: its ${rest} of ${bytes} bytes are skipped.`;
  return [...(expected === records ? [] : [count]), ...(rest > 0 ? [truncated] : [])];
}

const units: Readonly<Record<string, string>> = { nanovolt: 'nV', microvolt: 'µV', millivolt: 'mV', volt: 'V' };

/**
 * A unit in the spelling used here: `µV` also for `uV`, `microvolts`, the Greek letter mu, and mu in Shift JIS or in UTF-8 that
 * was read as Windows-1252; the case of volts is restored (`uv`, `UV`, `mv`), but `MV` stays.
 */
export function unitOf(text: string): string {
  const micro = text.replace(/^([uU\u03bc]|ƒÊ|Âµ|Î¼)(?=([AVSWTmsgL]|mho|Pa|mol|[Oo]hm)$)/i, 'µ');
  return units[text.toLowerCase().replace(/s$/, '')] ?? micro.replace(/(?<=^[µmn]?)v$/, 'V');
}
