import { invalid, positive } from '../core/check.ts';
import { int16, int24, unitOf, type SampleType } from './signal.ts';
import { baseName } from './several-files.ts';

/** The header of a WFDB record. */
export interface WfdbHeader {
  readonly name: string;
  /** Frames per second. */
  readonly rate: number;
  /** Number of frames; undefined if the header does not contain it. */
  readonly frames: number | undefined;
  /** Start in ms since 1970, with local time read as UTC; undefined if unknown. */
  readonly time: number | undefined;
  /** Signals in the order of the header. */
  readonly signals: readonly WfdbSignal[];
  readonly notes: readonly string[];
}

/** A signal of a WFDB record: sample in `unit` = (stored number - `baseline`) / `gain`. */
export interface WfdbSignal {
  readonly file: string;
  readonly format: WfdbFormat;
  /** Samples per frame. */
  readonly samples: number;
  /** Number of frames by which its samples are late in the file. */
  readonly skew: number;
  /** Bytes before the samples in its file. */
  readonly offset: number;
  readonly gain: number;
  readonly baseline: number;
  readonly unit: string;
  /** First stored number; undefined if the header does not contain it. */
  readonly first: number | undefined;
  /** Sum of the stored numbers in 16 bits; undefined if the header does not contain it. */
  readonly checksum: number | undefined;
  readonly label: string;
}

/** The encoding of the samples of a file. */
export interface WfdbFormat extends SampleType {
  readonly code: number;
  /** The stored number that stands for a missing sample. */
  readonly missing: number;
}

/** Formats of which every sample has its own bytes, and format 212, of which two samples share three bytes. */
export const wfdbFormats: ReadonlyMap<number, WfdbFormat> = new Map(
  (
    [
      [16, int16, -(2 ** 15)],
      [24, int24, -(2 ** 23)],
      [32, { bytes: 4, read: (view, at) => view.getInt32(at, true) }, -(2 ** 31)],
      [61, { bytes: 2, read: (view, at) => view.getInt16(at) }, -(2 ** 15)],
      [80, { bytes: 1, read: (view, at) => view.getUint8(at) - 128 }, -128],
      [160, { bytes: 2, read: (view, at) => view.getUint16(at, true) - 32768 }, -(2 ** 15)],
      [212, { bytes: 1.5, read: read12 }, -(2 ** 11)],
    ] satisfies [number, SampleType, number][]
  ).map(([code, type, missing]) => [code, { ...type, code, missing }]),
);

/**
 * Reads a sample of format 212 at `at`, a multiple of 1.5 bytes.
 *
 *     bytes     |  0  |  1  |  2  |       each digit is 4 bits
 *     sample 0   a1 a0    a2
 *     sample 1         b2     b1 b0       stored as a1a0 b2a2 b1b0
 */
function read12(view: DataView, at: number): number {
  const even = Number.isInteger(at);
  const middle = view.getUint8(even ? at + 1 : at - 0.5);
  const unsigned = even ? view.getUint8(at) + ((middle & 15) << 8) : view.getUint8(at + 0.5) + ((middle >> 4) << 8);
  return unsigned >= 2048 ? unsigned - 4096 : unsigned;
}

const recordLine =
  /^(?<name>[^\s/]+)(?:\/(?<segments>\d+))?\s+(?<count>\d+)(?:\s+(?<rate>[\d.]+(?:e[+-]?\d+)?)(?:\/\S*)?(?:\s+(?<frames>\d+)(?:\s+(?<clock>[\d:.]+)(?:\s+(?<date>\d+\/\d+\/\d+))?)?)?)?\s*$/i;
const signalLine =
  /^(?<file>\S*[a-z~]\S*)\s+(?<code>\d+)(?:x(?<samples>\d+))?(?::(?<skew>\d+))?(?:\+(?<offset>\d+))?(?:\s+(?<gain>[-+\d.e]+)(?:\((?<baseline>-?\d+)\))?(?:\/(?<unit>\S+))?(?:\s+(?<bits>\d+)(?:\s+(?<zero>-?\d+)(?:\s+(?<first>-?\d+)(?:\s+(?<checksum>-?\d+)(?:\s+(?<block>-?\d+)(?:\s+(?<label>.*))?)?)?)?)?)?)?\s*$/i;

/**
 * Parses a header file (.hea). Lines that start with `#` are comments.
 *
 *     100 2 360 650000 10:00:00 01/02/2024         <record> <signals> <Hz> <frames> <hh:mm:ss> <dd/mm/yyyy>
 *     100.dat 212 200(1024)/mV 11 1024 995 -22131 0 MLII
 *     <file> <format>[x<samples per frame>][:<skew>][+<offset>] <gain>(<baseline>)/<unit> <bits> <zero> <first> <checksum>
 *            <block size> <label>
 *
 * Fields at the end of a line can be absent. Throws an Error that names the line or the field.
 * https://physionet.org/physiotools/wag/header-5.htm
 */
export function wfdbHeader(text: string): WfdbHeader {
  const [record = '', ...rest] = meaningfulLines(text);
  const fields = recordLine.exec(record)?.groups as Record<string, string | undefined> | undefined;
  if (!fields) throw invalid('the record line', '<record> <signals> <Hz> <frames> <time> <date>', record);
  if (fields.segments !== undefined)
    throw new Error(`the record has ${fields.segments} segments: read the header of each segment instead`);
  const count = Number(fields.count);
  if (count === 0) throw invalid('number of signals', '>= 1', 0);
  if (rest.length < count) throw invalid('number of signal lines', `${count}, as in the record line`, rest.length);
  const { clock, date } = fields;
  const time = clock !== undefined && date !== undefined ? timeOf(clock, date) : undefined;
  const uncalibrated: string[] = [];
  const signals = rest.slice(0, count).map((line, i) => signalOf(line, i, uncalibrated));
  return {
    name: fields.name ?? '',
    rate: positive('the sampling rate in the record line', Number(fields.rate ?? 250), 'Hz'),
    frames: Number(fields.frames ?? 0) || undefined,
    time,
    signals,
    notes: [
      ...(time === undefined
        ? [
            `The start of the recording is unknown: the header has no valid date and time${clock ? `, only ${clock}` : ''}.`,
          ]
        : []),
      ...(uncalibrated.length > 0
        ? [`Signals without a gain are uncalibrated; 200 per mV is assumed: ${uncalibrated.join(', ')}.`]
        : []),
    ],
  };
}

/**
 * Whether a text starts like a WFDB header: a record line, then a signal line with a format. Undefined if it is too short to
 * decide and has not ended.
 */
export function isWfdbHeader(text: string, ended: boolean): boolean | undefined {
  const lines = meaningfulLines(ended ? text : text.slice(0, text.lastIndexOf('\n') + 1));
  const [record, signal] = lines;
  if (record === undefined) return ended ? false : undefined;
  const fields = recordLine.exec(record)?.groups;
  if (!fields || record.includes('\0')) return false;
  if (fields.segments !== undefined) return true;
  if (signal === undefined) return ended ? false : undefined;
  return signalLine.test(signal);
}

function meaningfulLines(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function signalOf(line: string, index: number, uncalibrated: string[]): WfdbSignal {
  const fields = signalLine.exec(line)?.groups as Record<string, string | undefined> | undefined;
  if (!fields) throw invalid(`the line of signal ${index + 1}`, '<file> <format> <gain>(<baseline>)/<unit> …', line);
  const integer = (name: string, none: number) => (fields[name] === undefined ? none : Number(fields[name]));
  const label = fields.label?.trim() || `signal ${index + 1}`;
  const format = wfdbFormats.get(integer('code', 0));
  if (!format) throw invalid(`format of ${label}`, `one of ${[...wfdbFormats.keys()].join(', ')}`, Number(fields.code));
  const gain = Number(fields.gain ?? 0);
  if (!Number.isFinite(gain)) throw invalid(`gain of ${label}`, 'a number', fields.gain);
  if (gain === 0) uncalibrated.push(label);
  const samples = integer('samples', 1);
  if (samples === 0) throw invalid(`samples per frame of ${label}`, 'an integer >= 1', 0);
  return {
    file: baseName(fields.file ?? ''),
    format,
    samples,
    skew: integer('skew', 0),
    offset: integer('offset', 0),
    gain: gain || 200,
    baseline: integer('baseline', integer('zero', 0)),
    unit: unitOf(fields.unit ?? 'mV'),
    first: fields.first === undefined ? undefined : Number(fields.first),
    checksum: fields.checksum === undefined ? undefined : Number(fields.checksum),
    label,
  };
}

/** A date (day/month/year) and a time (hh:mm:ss, mm:ss, or ss) in ms; undefined if they are invalid. */
function timeOf(clock: string, date: string): number | undefined {
  const [day, month, year] = date.split('/').map(Number);
  const parts = clock.split(':').map(Number);
  const [hour, minute, second] = [...[0, 0, 0].slice(parts.length), ...parts];
  const midnight = Date.UTC(year, month - 1, day);
  const valid = new Date(midnight).getUTCMonth() === month - 1 && hour < 24 && minute < 60 && second < 61;
  return valid && parts.length <= 3 ? midnight + (hour * 3600 + minute * 60 + second) * 1000 : undefined;
}
