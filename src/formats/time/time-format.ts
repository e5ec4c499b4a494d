import { invalid } from '../../core/check.ts';
import { type CalendarTime, calendarMs, fullYear, zoneOf } from './calendar.ts';
import { monthOf } from './month-names.ts';

/** Text that a part of a format stands for, and what it sets. */
type Part = (text: string) => CalendarTime;

const number = (set: (value: number) => CalendarTime) => (text: string) => set(Number(text));

/** The parts of a format, each with the pattern of its text. Longer names first. */
const parts: readonly (readonly [name: string, pattern: string, part: Part])[] = [
  ['YYYY', '\\d{4}', number((year) => ({ year }))],
  ['YY', '\\d{2}', (text) => ({ year: fullYear(Number(text), 2) })],
  ['MMMM', '\\p{L}+', (text) => ({ month: monthOf(text) })],
  ['MMM', '\\p{L}+', (text) => ({ month: monthOf(text) })],
  ['MM', '\\d{1,2}', number((month) => ({ month }))],
  ['DD', '\\d{1,2}', number((day) => ({ day }))],
  ['HH', '\\d{1,2}', number((hour) => ({ hour }))],
  ['hh', '\\d{1,2}', number((hour) => ({ hour }))],
  ['mm', '\\d{1,2}', number((minute) => ({ minute }))],
  ['ss', '\\d{1,2}', number((second) => ({ second }))],
  ['S', '\\d+', (text) => ({ second: Number(`0.${text}`) })],
  ['A', '[AaPp]\\.?[Mm]\\.?', (text) => ({ afternoon: /^p/i.test(text) })],
  ['Z', 'Z|[A-Za-z]{2,5}|(?:UTC|GMT)?[+-]\\d{1,2}(?::?\\d{2})?', (text) => ({ zone: zoneOf(text) })],
];

/** A compiled time format. */
export interface TimeFormat {
  /** Whether the format contains a date. */
  readonly dated: boolean;
  /** Whether it contains a zone. */
  readonly zoned: boolean;
  /** The time of a text in ms since 1970, or since midnight without a date; NaN if the text has another format. */
  read(text: string): number;
}

/**
 * Compiles a format of times: YYYY, YY, MM, DD, HH (0-23), hh (1-12), mm, ss, S (digits of a fraction), A (AM or PM), Z (zone),
 * also MMM (name of a month), and other text as it is. A space stands for any white space. `parseTimeFormat('DD/MM/YYYY HH:mm')`
 *
 * @throws RangeError if a part is missing or occurs twice
 */
export function parseTimeFormat(text: string): TimeFormat {
  const format = text.trim().replace(/\s+/g, ' ');
  const found: (readonly [string, string, Part])[] = [];
  let pattern = '';
  for (let at = 0; at < format.length;) {
    const part = parts.find(([name]) => format.startsWith(name, at));
    if (part) found.push(part);
    pattern += part ? fieldPattern(part, format, at) : literal(format[at]);
    at += part ? part[0].length : 1;
  }
  const names = found.map(([name]) => (name === 'YY' ? 'YYYY' : name.startsWith('MMM') ? 'MM' : name));
  const wrong = reasonOf(names);
  if (wrong) throw invalid('timeFormat', `a format such as 'DD/MM/YYYY HH:mm:ss' (${wrong})`, format);
  const expression = new RegExp(`^\\s*${pattern}\\s*$`, 'u');
  const dated = names.includes('YYYY');
  return {
    dated,
    zoned: names.includes('Z'),
    read(text) {
      const texts = expression.exec(text);
      if (!texts) return NaN;
      const time: { -readonly [Key in keyof CalendarTime]: CalendarTime[Key] } = {};
      for (const [i, [, , part]] of found.entries()) {
        const { second, ...fields } = part(texts[i + 1]);
        Object.assign(time, fields);
        if (second !== undefined) time.second = (time.second ?? 0) + second;
      }
      return names.includes('Z') && time.zone === undefined ? NaN : calendarMs(time);
    },
  };
}

/** The pattern of a part. Next to another number, it has as many digits as its name. */
function fieldPattern([name, pattern]: (typeof parts)[number], format: string, at: number): string {
  const adjacent = (place: number) => /[YMDHhms]/.test(format[place] ?? '');
  const fixed = pattern === '\\d{1,2}' && (adjacent(at - 1) || adjacent(at + name.length));
  return `(${fixed ? '\\d{2}' : pattern})`;
}

function literal(character: string): string {
  return /\s/.test(character) ? '\\s+' : character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}

function reasonOf(names: readonly string[]): string | undefined {
  const has = (name: string) => names.includes(name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) return `${twice} only once`;
  if (has('HH') && (has('hh') || has('A'))) return 'HH is 0-23; hh is used with A';
  if (has('hh') && !has('A')) return 'hh requires A, AM or PM';
  if (has('DD') && !has('MM')) return 'DD requires MM';
  if ((has('MM') || has('DD')) && !has('YYYY')) return 'a date requires YYYY or YY';
  if (has('mm') && !has('HH') && !has('hh') && has('YYYY')) return 'mm requires HH or hh';
  if (!['YYYY', 'HH', 'hh', 'mm'].some(has)) return 'it must contain YYYY, HH, or mm';
  return undefined;
}
