import type { PhysicalRange } from './physical-range.ts';

/** A signal to write. */
export interface WrittenSignal {
  readonly label: string;
  readonly unit: string;
  readonly range: PhysicalRange;
}

/** The content of a header. */
export interface WrittenHeader {
  readonly format: 'edf' | 'bdf';
  /** Whether records are missing between others. */
  readonly discontinuous: boolean;
  /** Start of the file in ms since 1970, whole seconds. */
  readonly time: number;
  readonly records: number;
  /** Duration of a record in s, in at most 8 characters. */
  readonly duration: string;
  /** Frames per record. */
  readonly frames: number;
  readonly signals: readonly WrittenSignal[];
  /** Bytes of the annotations of a record; a multiple of the bytes of a sample. */
  readonly annotationBytes: number;
}

/** Bytes of a sample. */
export const sampleBytes: { readonly edf: number; readonly bdf: number } = { edf: 2, bdf: 3 };

const text = new TextEncoder();
const monthNames = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');

/** Encodes the header of an EDF+ or BDF+ file; see `edfHeader`. */
export function encodeHeader(header: WrittenHeader): Uint8Array {
  const { format, discontinuous, time, records, duration, frames, signals, annotationBytes } = header;
  const start = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  const [day, month, year] = [two(start.getUTCDate()), start.getUTCMonth(), start.getUTCFullYear()];
  const name = format.toUpperCase();
  const [least, most] = digitalRange(format);
  const annotations = { label: `${name} Annotations`, unit: '', range: { min: '-1', max: '1' } };
  const all = [...signals, annotations];
  const each = (width: number, of: (signal: WrittenSignal) => string) => all.map((signal) => field(of(signal), width));
  return Buffer.concat([
    format === 'bdf' ? Uint8Array.of(0xff, ...text.encode('BIOSEMI')) : field('0', 8),
    field('X X X X', 80),
    field(`Startdate ${day}-${monthNames[month]}-${year} X tapline X`, 80),
    field(`${day}.${two(month + 1)}.${two(year % 100)}`, 8),
    field([start.getUTCHours(), start.getUTCMinutes(), start.getUTCSeconds()].map(two).join('.'), 8),
    field(String(256 * (1 + all.length)), 8),
    field(`${name}+${discontinuous ? 'D' : 'C'}`, 44),
    field(String(records), 8),
    field(duration, 8),
    field(String(all.length), 4),
    ...each(16, ({ label }) => label),
    ...each(80, () => ''),
    ...each(8, ({ unit }) => unit),
    ...each(8, ({ range }) => range.min),
    ...each(8, ({ range }) => range.max),
    ...each(8, () => String(least)),
    ...each(8, () => String(most)),
    ...each(80, () => ''),
    ...each(8, (signal) => String(signal === annotations ? annotationBytes / sampleBytes[format] : frames)),
    ...each(32, () => ''),
  ]);
}

/** Encodes records. */
export class RecordEncoder {
  readonly #header: WrittenHeader;
  readonly #scales: readonly { readonly min: number; readonly gain: number }[];
  readonly #bytes: Uint8Array;

  constructor(header: WrittenHeader) {
    this.#header = header;
    const { format, frames, signals, annotationBytes } = header;
    this.#scales = signals.map(({ range }) => ({ min: Number(range.min), gain: gainOf(range, format) }));
    this.#bytes = new Uint8Array(signals.length * frames * sampleBytes[format] + annotationBytes);
  }

  /**
   * Encodes one record. The next call overwrites the returned bytes.
   * @param samples finite samples, [signals, frames]
   * @param annotations lists of annotations of at most `annotationBytes` bytes, the first one with the onset of the record
   */
  encode(samples: Float32Array, annotations: readonly Uint8Array[]): Uint8Array {
    const { format, frames } = this.#header;
    const bytes = this.#bytes;
    const [least, most] = digitalRange(format);
    let at = 0;
    this.#scales.forEach(({ min, gain }, signal) => {
      for (let frame = 0; frame < frames; frame++) {
        const scaled = Math.round((samples[signal * frames + frame] - min) / gain) + least;
        const stored = Math.min(most, Math.max(least, scaled));
        bytes[at++] = stored & 0xff;
        bytes[at++] = (stored >> 8) & 0xff;
        if (format === 'bdf') bytes[at++] = (stored >> 16) & 0xff;
      }
    });
    bytes.fill(0, at);
    for (const list of annotations) {
      bytes.set(list, at);
      at += list.length;
    }
    return bytes;
  }
}

/** The difference between two neighboring stored samples. */
export function gainOf({ min, max }: PhysicalRange, format: 'edf' | 'bdf'): number {
  const [least, most] = digitalRange(format);
  return (Number(max) - Number(min)) / (most - least);
}

function digitalRange(format: 'edf' | 'bdf'): readonly [least: number, most: number] {
  const half = format === 'edf' ? 1 << 15 : 1 << 23;
  return [-half, half - 1];
}

/** Encodes a list with one annotation, or without text the onset of a record. Times in s since the start of the file. */
export function encodeAnnotation(onset: number, label: string, duration: number = 0): Uint8Array {
  const seconds = (value: number) => {
    const [whole, fraction] = value.toFixed(6).split('.');
    const digits = fraction.replace(/0+$/, '');
    return digits === '' ? whole : `${whole}.${digits}`;
  };
  // control characters separate texts
  const plain = Array.from(label, (character) => (character < ' ' ? ' ' : character)).join('');
  const length = duration > 0 ? `\x15${seconds(duration)}` : '';
  return text.encode(`${onset < 0 ? '' : '+'}${seconds(onset)}${length}\x14${plain}\x14\0`);
}

/** Text in a field of fixed width. Characters outside ASCII are replaced. */
function field(content: string, size: number): Uint8Array {
  const ascii = content.replaceAll(/[µμ]/g, 'u').replaceAll(/[^ -~]/g, '_');
  return text.encode(ascii.slice(0, size).padEnd(size));
}
