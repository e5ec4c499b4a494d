import { invalid } from '../core/check.ts';

/** One signal of a file that is written in records; its samples of one record lie one behind the other. */
export interface Signal {
  readonly label: string;
  /** '' where it has none. */
  readonly unit: string;
  readonly transducer: string;
  /** Annotations and triggers are not taken as samples: they become marks; nor are samples that stand among events. */
  readonly holds: 'samples' | 'annotations' | 'triggers' | 'events';
  /** Samples a record. */
  readonly samples: number;
  readonly type: SampleType;
  /** How its samples become physical. Asked of signals that are taken; throws where the header does not tell. */
  scale(): Scale;
}

/** physical = offset + gain (stored - zero) */
export interface Scale {
  readonly gain: number;
  readonly zero: number;
  readonly offset: number;
}

/** Why a signal cannot be read as what it holds; undefined where it can. */
export function faultOf(signal: Signal): Error | undefined {
  const { label, holds, samples } = signal;
  if (holds === 'events') return undefined;
  if (samples === 0) return invalid(`samples a record of ${label}`, 'an integer >= 1', samples);
  if (holds !== 'samples') return undefined;
  try {
    signal.scale();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

/** The line through the minima and the maxima, each [minimum, maximum]. */
export function scaleOf(label: string, physical: readonly number[], digital: readonly number[]): Scale {
  const range = (name: string, [least, most]: readonly number[]) => {
    if (most === least) throw invalid(`${name} maximum of ${label}`, `other than its ${name} minimum`, most);
    return most - least;
  };
  return { gain: range('physical', physical) / range('digital', digital), zero: digital[0], offset: physical[0] };
}

/** Bytes of a record of these signals. */
export function recordBytes(signals: readonly Signal[]): number {
  return signals.reduce((bytes, { samples, type }) => bytes + samples * type.bytes, 0);
}

/** Where a signal begins in a record, in bytes. */
export function placeOf(signal: Signal, signals: readonly Signal[]): number {
  return recordBytes(signals.slice(0, signals.indexOf(signal)));
}

/**
 * Makes frames of records: physical samples of the signals that are taken, [frames, channels], in an array that the next
 * record overwrites.
 */
export function recordDecoder(
  signals: readonly Signal[],
  taken: readonly Signal[],
): (record: Uint8Array) => Float32Array {
  const channels = taken.length;
  const sources = taken.map((signal) => ({ ...signal, ...signal.scale(), place: placeOf(signal, signals) }));
  let frames = new Float32Array(0);
  return (record) => {
    if (frames.length === 0) frames = new Float32Array(channels * (taken.at(0)?.samples ?? 0));
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    sources.forEach(({ place, samples, type, gain, zero, offset }, channel) => {
      for (let frame = 0; frame < samples; frame++)
        frames[frame * channels + channel] = offset + gain * (type.read(view, place + frame * type.bytes) - zero);
    });
    return frames;
  };
}

/** How one sample lies in a file, lowest byte first. */
export interface SampleType {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

export const int16: SampleType = { bytes: 2, read: (view, at) => view.getInt16(at, true) };
export const int24: SampleType = {
  bytes: 3,
  read: (view, at) => view.getUint16(at, true) + view.getInt8(at + 2) * 65536,
};

/** The types by the codes that GDF has for them; of 64-bit integers above 2^53 the last digits are lost. */
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
 * What is to be said of the records that a file holds where its header tells another number (-1: none), or where it ends
 * within one, after `left` of its `bytes`. Throws where not one is whole.
 */
export function recordNotes(told: number, records: number, left: number, bytes: number): string[] {
  if (records === 0) throw invalid('number of whole data records', '>= 1', 0);
  const count = `the header tells ${told} data records, the file holds ${records}`;
  const rest = `the file ends within a data record: ${left} of its ${bytes} bytes are left out`;
  return [...(told === records || told === -1 ? [] : [count]), ...(left > 0 ? [rest] : [])];
}

/** A unit as it is written here: `µV` also where a file says `uV` or writes the Greek letter. */
export function unitOf(text: string): string {
  return text.replace(/^[u\u03bc](?=[VAS]$)/, 'µ');
}
