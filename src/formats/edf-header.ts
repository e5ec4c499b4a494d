import { invalid } from '../core/check.ts';
import { type ByteParser, wholeBytes } from './byte-reader.ts';
import { unitOf, int16, int24, scaleOf, type Signal } from './signal.ts';
import { fieldText, fieldTexts } from './text-field.ts';

/** The header of an EDF, EDF+, BDF or BDF+ file. */
export interface EdfHeader {
  readonly format: 'edf' | 'bdf';
  /** Whether there may be gaps between records (EDF+D, BDF+D); their annotations contain their onsets. */
  readonly discontinuous: boolean;
  /** Start of the file in ms since 1970; undefined if unknown. */
  readonly time?: number;
  /** Number of data records; -1 if unknown. */
  readonly records: number;
  /** Duration of a record in s. */
  readonly duration: number;
  readonly signals: readonly Signal[];
  /** Sentences on what the header does not contain. */
  readonly notes: readonly string[];
}

/**
 * Parses the header: 256 bytes, then 256 bytes per signal, field by field, as text in fixed widths. Throws a RangeError that
 * names the field. https://www.edfplus.info/specs/edf.html and edfplus.html; BDF differs in its first byte
 * and in samples of 24 bits, https://www.biosemi.com/faq/file_format.htm.
 */
export function* edfHeader(): ByteParser<EdfHeader> {
  const fixed = yield* wholeBytes(256, 'the header');
  const field = (from: number, to: number) => fieldText(fixed.subarray(from, to));
  const format = fixed[0] === 0xff ? 'bdf' : 'edf';
  const count = integerField('number of signals', field(252, 256), 1);
  const bytes = integerField('number of header bytes', field(184, 192), 0);
  if (bytes !== 256 * (1 + count))
    throw invalid('number of header bytes', `256 (1 + ${count} signals) = ${256 * (1 + count)}`, bytes);
  const records = integerField('number of data records', field(236, 244), -1);
  const duration = numberField('duration of a data record', field(244, 252));
  if (duration < 0) throw invalid('duration of a data record', 'a number >= 0 in s', duration);
  const [date, time, recording] = [field(168, 176), field(176, 184), field(88, 168)];
  const start = edfTime(date, time, recording);
  return {
    format,
    discontinuous: /^[EB]DF\+D/.test(field(192, 236)),
    time: start,
    records,
    duration,
    signals: signalsOf(yield* wholeBytes(256 * count, 'the header of the signals'), count, format),
    notes:
      start === undefined
        ? [`The start of the recording is unknown: it must be dd.mm.yy hh.mm.ss, got '${date} ${time}'.`]
        : [],
  };
}

function signalsOf(bytes: Uint8Array, count: number, format: 'edf' | 'bdf'): Signal[] {
  const [labels, transducers, units, ...rest] = fieldTexts(bytes, count, [16, 80, 8, 8, 8, 8, 8, 80, 8]);
  const [physicalMin, physicalMax, digitalMin, digitalMax, , samples] = rest;
  return labels.map((text, i): Signal => {
    const label = text || `signal ${i + 1}`;
    return {
      label,
      unit: unitOf(units[i]),
      transducer: transducers[i],
      content: /^[EB]DF Annotations$/.test(label)
        ? 'annotations'
        : format === 'bdf' && /^status$/i.test(label)
          ? 'triggers'
          : 'samples',
      samples: integerField(`samples per record of ${label}`, samples[i], 0),
      type: format === 'bdf' ? int24 : int16,
      scale: () => {
        const number = (name: string, text: string) => numberField(`${name} of ${label}`, text);
        const physical = [number('physical minimum', physicalMin[i]), number('physical maximum', physicalMax[i])];
        const digital = [number('digital minimum', digitalMin[i]), number('digital maximum', digitalMax[i])];
        return scaleOf(label, physical, digital);
      },
    };
  });
}

/** Parses a number. Some writers use a decimal comma. */
function numberField(name: string, text: string, rule: string = 'a number'): number {
  const number = text === '' ? NaN : Number(text.replace(',', '.'));
  if (!Number.isFinite(number)) throw invalid(name, rule, text);
  return number;
}

function integerField(name: string, text: string, min: number): number {
  const rule = `an integer >= ${min}`;
  const number = numberField(name, text, rule);
  if (!Number.isInteger(number) || number < min) throw invalid(name, rule, text);
  return number;
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/**
 * The start of an EDF file in ms since 1970, with its local time read as UTC; undefined if it is unknown.
 *
 *     date '24.04.89', time '16.13.00'                yy >= 85 is 19yy, else 20yy
 *     recording 'Startdate 24-APR-1989 …' (EDF+)      takes precedence because it has the full year
 */
function edfTime(date: string, time: string, recording: string): number | undefined {
  const short = /^(\d\d)[.](\d\d)[.](\d\d)$/.exec(date);
  const full = /^Startdate (\d\d)-([A-Z]{3})-(\d{4})( |$)/i.exec(recording);
  const clock = /^(\d\d)[.:](\d\d)[.:](\d\d)$/.exec(time);
  if (!clock || !(full ?? short)) return undefined;
  const [day, month, year] = full
    ? [Number(full[1]), months.indexOf(full[2].toUpperCase()), Number(full[3])]
    : [Number(short?.[1]), Number(short?.[2]) - 1, century(Number(short?.[3]))];
  const [hour, minute, second] = clock.slice(1).map(Number);
  const ms = Date.UTC(year, month, day, hour, minute, second);
  const read = new Date(ms);
  const same = read.getUTCMonth() === month && read.getUTCHours() === hour && read.getUTCMinutes() === minute;
  return same ? ms : undefined;
}

function century(year: number): number {
  return year + (year >= 85 ? 1900 : 2000);
}
