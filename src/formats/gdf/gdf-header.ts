import { invalid } from '../../core/check.ts';
import { type ByteParser, wholeBytes } from '../byte-reader.ts';
import { unitOf, sampleTypes, scaleOf, type Signal } from '../signal.ts';
import { decodeText, fieldText, fieldTexts } from '../text-field.ts';

/** The header of a GDF file. */
export interface GdfHeader {
  /** For example 1.25. */
  readonly version: number;
  /** Start of the file in ms since 1970, with its local time read as UTC; undefined if unknown. */
  readonly time: number | undefined;
  /** Number of data records; -1 if they continue to the end of the file. */
  readonly records: number;
  /** Duration of a record in s. */
  readonly duration: number;
  readonly signals: readonly Signal[];
  /** Names of the event types by code; '' or absent for types without a name. */
  readonly names: readonly string[];
}

/** Units by their codes in ISO/IEEE 11073-10101: none, and volts. Others are read from the text next to the code. */
const unitCodes: ReadonlyMap<number, string> = new Map([
  [512, ''],
  [4256, 'V'],
  [4274, 'mV'],
  [4275, 'µV'],
  [4276, 'nV'],
]);

/**
 * Parses the header of GDF 1.x and 2.x: 256 bytes, then 256 bytes per signal, field by field. In 2.x more may follow, of
 * which the names of events are read.
 *
 *     bytes    field                1.x             2.x
 *     0        version              'GDF 1.25'      'GDF 2.20'
 *     168      start                16 digits       uint64, days · 2^32
 *     184      bytes of the header  int64           uint16 · 256
 *     236      data records         int64           the same
 *     244      duration of one, s   uint32 / uint32 the same; from 2.21 on float64
 *     252      signals              uint32          uint16
 *
 * Throws a RangeError that names the field. A. Schlögl, GDF: A general dataformat for biosignals,
 * https://arxiv.org/abs/cs/0608052.
 */
export function* gdfHeader(): ByteParser<GdfHeader> {
  const fixed = yield* wholeBytes(256, 'the header');
  const view = viewOf(fixed);
  const name = fieldText(fixed.subarray(0, 8));
  const version = /^GDF [12]\.\d\d$/.test(name) ? Number(name.slice(4)) : NaN;
  if (Number.isNaN(version)) throw invalid('the version', 'GDF 1.00 to GDF 2.99', name);
  const old = version < 1.9;
  const count = old ? view.getUint32(252, true) : view.getUint16(252, true);
  const bytes = old ? Number(view.getBigInt64(184, true)) : 256 * view.getUint16(184, true);
  const minBytes = 256 * (1 + count);
  if (!(bytes >= minBytes))
    throw invalid('number of header bytes', `>= 256 (1 + ${count} signals) = ${minBytes}`, bytes);
  const records = Number(view.getBigInt64(236, true));
  if (records < -1) throw invalid('number of data records', 'an integer >= -1', records);
  const duration = version < 2.21 ? view.getUint32(244, true) / view.getUint32(248, true) : view.getFloat64(244, true);
  if (!(duration >= 0 && duration < Infinity))
    throw invalid('duration of a data record', 'a number >= 0 in s', duration);
  const rest = yield* wholeBytes(bytes - 256, 'the header of the signals');
  return {
    version,
    time: gdfTime(fixed.subarray(168, 184), old),
    records,
    duration,
    signals: signalsOf(rest, count, old),
    names: old ? [] : gdfNames(rest.subarray(256 * count)),
  };
}

function signalsOf(bytes: Uint8Array, count: number, old: boolean): Signal[] {
  const [labels, transducers, units] = fieldTexts(bytes, count, [16, 80, old ? 8 : 6]);
  const view = viewOf(bytes);
  return labels.map((text, i): Signal => {
    const label = text || `signal ${i + 1}`;
    const float = (field: number) => view.getFloat64(field * count + 8 * i, true);
    const digital = (field: number) => (old ? Number(view.getBigInt64(field * count + 8 * i, true)) : float(field));
    const code = view.getUint32(220 * count + 4 * i, true);
    const type = sampleTypes.get(code);
    if (!type) throw invalid(`sample type of ${label}`, `one of the codes ${[...sampleTypes.keys()].join(', ')}`, code);
    const samples = view.getUint32(216 * count + 4 * i, true);
    return {
      label,
      unit: old ? unitOf(units[i]) : (unitCodes.get(view.getUint16(102 * count + 2 * i, true)) ?? unitOf(units[i])),
      transducer: transducers[i],
      content: samples > 0 ? 'samples' : 'events',
      samples,
      type,
      scale: () => scaleOf(label, [float(104), float(112)], [digital(120), digital(128)]),
    };
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The names of the event types of a GDF 2 file by code, from the tags after its header.
 *
 *     a tag  uint8 number, uint24 length, content; the number 0 ends the tags
 *     tag 1  the names of types 0, 1, 2, …, each followed by a zero byte; that of type 0 is empty
 */
function gdfNames(tags: Uint8Array): string[] {
  for (let at = 0; at + 4 <= tags.length && tags[at] !== 0;) {
    const [tag, low, middle, high] = tags.subarray(at, (at += 4));
    const content = tags.subarray(at, (at += low + 256 * middle + 65536 * high));
    if (tag === 1) return decodeText(content).split('\0');
  }
  return [];
}

/** Days from year 0, the epoch of GDF 2, to 1970. */
const days1970 = 719_529;
const day = 86_400_000;

/**
 * The start of a GDF file in ms since 1970, with its local time read as UTC; undefined if it is unknown.
 *
 *     1.x  'YYYYMMDDhhmmsscc'     cc hundredths of a second, or blank
 *     2.x  uint64                 days since year 0, times 2^32
 */
function gdfTime(bytes: Uint8Array, old: boolean): number | undefined {
  if (old) return digitsTime(fieldText(bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const days = view.getUint32(4, true);
  const time = Math.round((days - days1970 + view.getUint32(0, true) / 2 ** 32) * day);
  return days > 0 && time < Date.UTC(10_000, 0) ? time : undefined;
}

function digitsTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(text);
  if (!parts) return undefined;
  const [year, month, date, hour, minute, second, hundredths = 0] = parts
    .slice(1)
    .map((digits?: string) => Number(digits ?? 0));
  const time = Date.UTC(year, month - 1, date, hour, minute, second, 10 * hundredths);
  const read = new Date(time);
  const exists = read.getUTCMonth() === month - 1 && read.getUTCDate() === date && read.getUTCMinutes() === minute;
  return year > 0 && exists ? time : undefined;
}
