import { invalid, positive } from '../../core/check.ts';
import { dayOf, utcOf } from '../time/calendar-day.ts';
import { unitOf, type RecordSignal } from '../signal.ts';
import { baseName } from '../several-files.ts';
import { wfdbFormats, type WfdbFormat } from './wfdb-formats.ts';

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

/** A signal of a WFDB record, of which a record is a frame: sample in `unit` = (stored number - `baseline`) / `gain`. */
export interface WfdbSignal extends RecordSignal {
  readonly file: string;
  readonly format: WfdbFormat;
  /** Number of frames by which its samples are late in the file. */
  readonly skew: number;
  /** Bytes before the samples in its file. */
  readonly offset: number;
  readonly gain: number;
  readonly baseline: number;
  /** First stored number; undefined if the header does not contain it. */
  readonly first: number | undefined;
  /** Sum of the stored numbers in 16 bits; undefined if the header does not contain it. */
  readonly checksum: number | undefined;
  /** Middle of the range of stored numbers, from which the first difference counts if `first` is undefined. */
  readonly zero: number;
}

const recordLine =
  /^(?<name>\S+?)(?:\/(?<segments>\d+))?\s+(?<count>\d+)(?:\s+(?<rate>[\d.]+(?:e[+-]?\d+)?)(?:\/\S*)?(?:\s+(?<frames>\d+)(?:\s+(?<start>\S*\d\S*(?:\s+\S*\d\S*)?))?)?)?\s*$/i;
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
 * Fields at the end of a line can be absent. Dates and times are also read in other orders and notations. Signals of format 0
 * have no samples and are skipped; a record without signals has annotations only. Throws an Error that names the line or the
 * field.
 * https://physionet.org/physiotools/wag/header-5.htm
 */
export function wfdbHeader(text: string): WfdbHeader {
  const [record = '', ...rest] = meaningfulLines(text);
  const fields = recordLine.exec(record)?.groups as Record<string, string | undefined> | undefined;
  if (!fields) throw invalid('the record line', '<record> <signals> <Hz> <frames> <time> <date>', record);
  if (fields.segments !== undefined) {
    const segments = rest.map((line) => line.split(/\s+/)[0]).filter((name) => name !== '~' && !/_layout$/.test(name));
    throw new Error(
      `the record has ${fields.segments} segments: read the header of each segment instead (${segments
        .slice(0, 3)
        .map((name) => `${name}.hea`)
        .join(', ')}${segments.length > 3 ? ', …' : ''})`,
    );
  }
  const count = Number(fields.count);
  if (rest.length < count) throw invalid('number of signal lines', `${count}, as in the record line`, rest.length);
  const time = startOf(fields.start ?? '');
  const uncalibrated: string[] = [];
  const lines = rest.slice(0, count);
  if (count > 0 && lines.every((line) => line.startsWith('~ ')))
    throw new Error(
      'the header describes only the layout of a record with several segments: read the header of each segment instead',
    );
  const isEmpty = (line: string) => /^\S+\s+0(?!\d)/.test(line);
  const signals = lines.flatMap((line, i) => (isEmpty(line) ? [] : signalOf(line, i, uncalibrated)));
  const empty = lines.filter(isEmpty).length;
  return {
    name: baseName(fields.name ?? ''),
    rate: positive('the sampling rate in the record line', Number(fields.rate ?? 250), 'Hz'),
    frames: Number(fields.frames ?? 0) || undefined,
    time,
    signals,
    notes: [
      ...(time === undefined
        ? [
            `The start of the recording is unknown: the header has no valid date and time${fields.start ? `, only '${fields.start}'` : ''}.`,
          ]
        : []),
      ...(empty > 0 ? [`Skipped signals without samples (format 0): ${empty}.`] : []),
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
  if (fields.segments !== undefined || (ended && fields.count === '0' && lines.length === 1)) return true;
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
  if (['508', '516', '524'].includes(fields.code ?? ''))
    throw new Error(
      `the samples of ${label} are compressed (FLAC, format ${fields.code}): convert them to format 16 or 24`,
    );
  if (!format) throw invalid(`format of ${label}`, `one of ${[...wfdbFormats.keys()].join(', ')}`, Number(fields.code));
  const gain = Number(fields.gain ?? 0);
  if (!Number.isFinite(gain)) throw invalid(`gain of ${label}`, 'a number', fields.gain);
  if (gain === 0) uncalibrated.push(label);
  const samples = integer('samples', 1);
  if (samples === 0) throw invalid(`samples per frame of ${label}`, 'an integer >= 1', 0);
  const baseline = integer('baseline', integer('zero', 0));
  return {
    file: baseName(fields.file ?? ''),
    format,
    content: 'samples',
    samples,
    skew: integer('skew', 0),
    offset: integer('offset', 0),
    gain: gain || 200,
    baseline,
    scale: () => ({ gain: 1 / (gain || 200), zero: baseline, offset: 0 }),
    unit: unitOf(fields.unit ?? 'mV'),
    transducer: '',
    first: fields.first === undefined ? undefined : Number(fields.first),
    checksum: fields.checksum === undefined ? undefined : Number(fields.checksum),
    zero: integer('zero', 0),
    label,
  };
}

/** A time (hh:mm:ss, mm:ss, or ss) and a date (see `dayOf`), in any order, in ms; undefined if they are invalid. */
function startOf(text: string): number | undefined {
  const fields = text.split(/\s+/);
  const isTime = (field: string) => /^(\d{1,2}:){0,2}\d{1,2}(\.\d*)?$/.test(field);
  const day = dayOf(fields.find((field) => !isTime(field)) ?? '');
  const parts = (fields.find(isTime) ?? '').split(':').map(Number);
  const [hour, minute, second] = [...[0, 0, 0].slice(parts.length), ...parts];
  const valid = fields.length === 2 && fields.some(isTime) && hour < 24 && minute < 60 && second < 61;
  return day && day.year >= 1000 && valid ? utcOf(day) + (hour * 3600 + minute * 60 + second) * 1000 : undefined;
}
