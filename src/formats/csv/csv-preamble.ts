import type { Channel } from '../recording.ts';

/** What the first line of a CSV file describes. The columns are the time, the channels, and, if there are two more, the events. */
export interface CsvPreamble {
  /** Kind of signal, such as 'eeg'. */
  readonly kind?: string;
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate?: number;
  readonly channels: readonly Channel[];
}

const start = '# tapline:';

/**
 * The first line of a CSV file, without a line break: a comment with the kind, the rate, and the exact labels and units.
 *
 *     # tapline: {"kind":"eeg","rate":250,"channels":[{"label":"Oz","unit":"µV"}]}
 *
 * Quotation marks and separators within texts are escaped, so a spreadsheet that splits the line finds no formula in it.
 */
export function preambleOf({ kind, rate, channels }: CsvPreamble): string {
  const described = channels.map(
    ({ label, unit }) => `{"label":${jsonText(label)}${unit ? `,"unit":${jsonText(unit)}` : ''}}`,
  );
  const fields = [
    ...(kind === undefined ? [] : [`"kind":${jsonText(kind)}`]),
    ...(rate === undefined ? [] : [`"rate":${rate}`]),
    `"channels":[${described.join(',')}]`,
  ];
  return `${start} {${fields.join(',')}}`;
}

/** Reads the first line of a CSV file; undefined if `preambleOf` did not write it. Throws an Error if it is damaged. */
export function readPreamble(line: string): CsvPreamble | undefined {
  if (!line.startsWith(start)) return undefined;
  const read = parsed(line.slice(start.length));
  if (!isPreamble(read))
    throw new Error(
      `the line '${start}' must contain an object in JSON with the channels of the file, got ${line.slice(start.length).trim().slice(0, 80)}. It is damaged: delete it to read the columns by their names.`,
    );
  const { kind, rate, channels } = read;
  return {
    ...(kind !== undefined && { kind }),
    ...(rate !== undefined && { rate }),
    channels: channels.map(({ label, unit }) => (unit ? { label, unit } : { label })),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isPreamble(value: unknown): value is CsvPreamble {
  const { kind, rate, channels } = (value ?? {}) as Partial<Record<keyof CsvPreamble, unknown>>;
  return (
    (kind === undefined || typeof kind === 'string') &&
    (rate === undefined || (typeof rate === 'number' && rate >= 0)) &&
    Array.isArray(channels) &&
    channels.every(isChannel)
  );
}

function isChannel(value: unknown): boolean {
  const { label, unit } = (value ?? {}) as Partial<Record<keyof Channel, unknown>>;
  return typeof label === 'string' && (unit === undefined || typeof unit === 'string');
}

/** Characters that are invisible, change the direction of text, end a line, or are not valid in UTF-8. */
const invisible = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const unsafeInJson = new RegExp(String.raw`[${invisible}"\\,;|]`, 'gu');
const unsafeInCell = new RegExp(String.raw`[${invisible}\\]`, 'gu');

const jsonText = (text: string) => `"${text.replace(unsafeInJson, codeOf)}"`;

function codeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const short: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\\', '\\\\'],
]);

/** Texts that a spreadsheet would execute, also in full-width characters; and those that start like an escaped one. */
const formula = /^\s*[=+\-@＝＋－＠]|^'/u;

/**
 * A text as a cell of CSV. Control characters are escaped (`\n`, `\u0007`, and `\\` for a backslash). Texts that a spreadsheet
 * would execute as a formula are preceded by `'`, and cells are quoted where CSV requires it or a space or `#` could be lost.
 */
export function textCell(text: string): string {
  const escaped = text.replace(unsafeInCell, (character) => short.get(character) ?? codeOf(character));
  const cell = formula.test(escaped) ? `'${escaped}` : escaped;
  return /[",;|#]|^\s|\s$/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The text of a cell that `textCell` wrote, after its quotation marks were removed. */
export function readTextCell(cell: string): string {
  const escaped = cell.startsWith("'") ? cell.slice(1) : cell;
  return escaped.replace(/\\(?:u([0-9a-f]{4})|([nrt\\]))/g, (all, code: string | undefined, letter: string) =>
    code === undefined ? (letters.get(all) ?? letter) : String.fromCharCode(parseInt(code, 16)),
  );
}

const letters: ReadonlyMap<string, string> = new Map([...short].map(([character, escape]) => [escape, character]));
