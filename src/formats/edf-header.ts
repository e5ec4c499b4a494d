import { invalid } from '../core/check.ts';
import { wholeBytes } from './byte-reader.ts';
import type { ByteParser } from './byte-reader.ts';
import { unitOf } from './channels-of.ts';
import { edfTime } from './edf-time.ts';
import { int16, int24 } from './sample-type.ts';
import { scaleOf } from './signal.ts';
import type { Signal } from './signal.ts';
import { fieldText, fieldTexts } from './text-field.ts';

/** The header of an EDF, EDF+, BDF or BDF+ file. */
export interface EdfHeader {
  readonly format: 'edf' | 'bdf';
  /** Whether records may lie apart (EDF+D, BDF+D), each where its annotations say. */
  readonly apart: boolean;
  /** When the file begins, in ms since 1970; undefined where the header does not tell. */
  readonly time?: number;
  /** Data records; -1 where the header does not tell. */
  readonly records: number;
  /** Of a record, in s. */
  readonly duration: number;
  readonly signals: readonly Signal[];
  /** What the header leaves open, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads the header: 256 bytes, then 256 bytes a signal, field by field, all of it text in fixed widths. Throws a
 * RangeError that names the field. https://www.edfplus.info/specs/edf.html and edfplus.html; BDF differs in its first byte
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
  const begin = edfTime(date, time, recording);
  const { message } = invalid('start of the recording', 'dd.mm.yy hh.mm.ss', `${date} ${time}`);
  return {
    format,
    apart: /^[EB]DF\+D/.test(field(192, 236)),
    time: begin,
    records,
    duration,
    signals: signalsOf(yield* wholeBytes(256 * count, 'the header of the signals'), count, format),
    notes: begin === undefined ? [`${message}: its time is not known`] : [],
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
      holds: /^[EB]DF Annotations$/.test(label)
        ? 'annotations'
        : format === 'bdf' && /^status$/i.test(label)
          ? 'triggers'
          : 'samples',
      samples: integerField(`samples a record of ${label}`, samples[i], 0),
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

/** Some writers put a comma where the point belongs. */
function numberField(name: string, text: string, rule: string = 'a number'): number {
  const number = text === '' ? NaN : Number(text.replace(',', '.'));
  if (!Number.isFinite(number)) throw invalid(name, rule, text);
  return number;
}

function integerField(name: string, text: string, least: number): number {
  const rule = `an integer >= ${least}`;
  const number = numberField(name, text, rule);
  if (!Number.isInteger(number) || number < least) throw invalid(name, rule, text);
  return number;
}
