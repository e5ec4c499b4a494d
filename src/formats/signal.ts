import { invalid } from '../core/check.ts';
import type { SampleType } from './sample-type.ts';

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
