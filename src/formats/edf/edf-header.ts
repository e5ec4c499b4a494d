import { invalid } from '../../core/check.ts';
import { type ByteParser, wholeBytes } from '../byte-reader.ts';
import { edfStart } from './edf-date.ts';
import { unitOf, int16, int24, scaleOf, type Signal } from '../signal.ts';
import { fieldText, fieldTexts } from '../text-field.ts';

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
  /** Sentences on what the header does not contain or contradicts. */
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
  const records = integerField('number of data records', field(236, 244) || '-1', -1);
  const duration = numberField('duration of a data record', field(244, 252));
  if (duration < 0) throw invalid('duration of a data record', 'a number >= 0 in s', duration);
  const start = edfStart(field(168, 176), field(176, 184), field(88, 168));
  return {
    format,
    discontinuous: /^[EB]DF\+D/.test(field(192, 236)),
    time: start.time,
    records,
    duration,
    signals: signalsOf(yield* wholeBytes(256 * count, 'the header of the signals'), count, format),
    notes: start.notes,
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
      content: /^[EB]DF Annotations$/i.test(label)
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
