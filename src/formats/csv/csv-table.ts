import { isMissing } from '../cell.ts';
import { findColumns } from '../columns.ts';
import type { EventColumns } from './csv-events.ts';
import { type CsvPreamble, readPreamble } from './csv-preamble.ts';
import type { ReadOptions, TextEncoding } from '../recording.ts';
import { ColumnProfile } from '../text/column-profile.ts';
import type { NumberNotation } from '../text/number-notation.ts';
import { decodePieces, detectEncoding, isBinary } from '../text/encoding.ts';
import { type Line, linesOf } from '../text/lines.ts';
import { type PreambleFacts, readPreambleFacts, readStartRows } from '../text/preamble.ts';
import { isBlank, type Row } from '../text/rows.ts';
import { TableRows } from '../text/table-rows.ts';
import { findTable, type TableStart } from '../text/table-start.ts';
import type { Times } from '../time/number-times.ts';
import { findTimeSource, type TimeSource } from '../time/time-source.ts';

/** Number of lines from which the layout of a table is determined. */
const sniffedLines = 2000;

/** The content of a table of text, after all rows were examined once. */
export class CsvTable {
  readonly encoding: TextEncoding;
  /** Names of all columns, each once. */
  readonly names: readonly string[];
  /** Indexes of the columns without a name in the header. */
  readonly unnamed: readonly number[];
  /** Units of all columns; '' if there is none. */
  readonly units: readonly string[];
  readonly delimiter: TableStart['delimiter'];
  /** The content of each column. */
  readonly profiles: readonly ColumnProfile[];
  readonly timeSource: TimeSource | undefined;
  /** The notation of the numbers in each column. */
  readonly notations: readonly NumberNotation[];
  /** The times of all rows; undefined if there is no time column. */
  readonly times: Times | undefined;
  /** For each column, the number of rows that have a text in it and no number except the time. */
  readonly alone: readonly number[];
  /** The first line of the file, if `csvWriter` wrote it. */
  readonly preamble: CsvPreamble | undefined;
  /** The columns of events, if `csvWriter` wrote the file. */
  readonly writtenEvents: EventColumns | undefined;
  /** Indexes of columns that number the tables of a Flux query, and of its time range. */
  readonly ofQuery: readonly number[];
  /** What the lines before the table say. */
  readonly facts: PreambleFacts;
  readonly rowCount: number;
  readonly notes: readonly string[];
  #start: TableStart;
  readonly #pieces: readonly Uint8Array[];
  readonly #skip: number;

  constructor(pieces: readonly Uint8Array[], options: ReadOptions) {
    const { encoding, invalid } = detectEncoding(pieces);
    this.#pieces = pieces;
    this.#skip = options.skip ?? 0;
    this.encoding = encoding;
    if (isBinary(pieces.at(0) ?? new Uint8Array(0), encoding))
      throw new Error(
        'the file is binary, but not EDF, BDF, GDF, or XDF (for BrainVision and WFDB, open the header: .vhdr or .hea)',
      );
    const head = firstLines(this.#lines(), sniffedLines);
    rejectForeign(head);
    this.preamble = head.map(({ text }) => readPreamble(text)).find((found) => found !== undefined);
    this.#start = findTable(head);
    const { columns, delimiter, firstLine, preamble, units = [] } = this.#start;
    if (firstLine === Infinity)
      throw new Error(
        head.every(({ text }) => isBlank(text)) ? 'the file has no rows' : 'the file has a header but no rows',
      );
    const rows = [...new TableRows(this.#start).of(head)];
    const first = this.#start.names ? undefined : readStartRows(rows.map(({ cells }) => cells));
    if (first) this.#start = { ...this.#start, firstLine: rows[2].line };
    const sample = rows.slice(first ? 2 : 0).map(({ cells }) => cells);
    this.delimiter = delimiter;
    this.facts = { ...readPreambleFacts(preamble, columns), ...first };
    const names = this.#headerNames(sample);
    this.names = distinct(Array.from({ length: columns }, (_, i) => names?.[i] || `column ${i + 1}`));
    this.unnamed = names ? [...this.names.keys()].filter((column) => !names.at(column)) : [];
    this.units = Array.from({ length: columns }, (_, i) =>
      (units.at(i) ?? '').replace(/^\[(.*)\]$|^\((.*)\)$/, '$1$2'),
    );
    const hasEvents = this.preamble && columns === this.preamble.channels.length + 3;
    this.writtenEvents = this.preamble && {
      ...(hasEvents ? { labels: [columns - 2], duration: columns - 1 } : { labels: [] }),
      written: true,
    };
    const isQuery = preamble.some((line) => line.startsWith('datatype,'));
    const ofQuery = ['result', 'table', '_start', '_stop'].map((name) => this.names.indexOf(name));
    this.ofQuery = isQuery ? ofQuery.filter((column) => column >= 0) : [];
    const candidates = this.names.map((name, column) => ({
      ...(names && { name }),
      unit: this.units[column],
      cells: this.preamble && column > 0 ? [] : sample.map((cells) => cells[column]).filter((cell) => !isMissing(cell)),
    }));
    this.timeSource = findTimeSource(candidates, options, this.facts.dates);
    const examined = this.#examine();
    this.profiles = examined.profiles;
    this.alone = examined.alone;
    this.rowCount = examined.rowCount;
    this.notations = this.#notations();
    this.times = this.timeSource?.finish();
    this.notes = [
      ...(invalid > 0 ? [`Bytes that are not valid in UTF-8: ${invalid}. They are read as \ufffd.`] : []),
      ...examined.notes,
    ];
  }

  /** The rows of the table. */
  rows(): Generator<Row> {
    return new TableRows(this.#start).of(this.#lines());
  }

  /** The index of a column by its name or number, for an option. Throws a RangeError if there is none. */
  columnOf(column: string | number, option: string): number {
    return findColumns(this.names, [column], option)[0];
  }

  *#lines(): Generator<Line> {
    for (const line of linesOf(decodePieces(this.#pieces, this.encoding))) if (line.number > this.#skip) yield line;
  }

  /** The names in the header or before the table; undefined if there are none. */
  #headerNames(sample: readonly string[][]): readonly string[] | undefined {
    const { names, columns } = this.#start;
    if (this.preamble)
      return ['time', ...this.preamble.channels.map(({ label }) => label), 'event', 'duration'].slice(0, columns);
    if (!names) return this.facts.names;
    if (names.length === columns) return names.map(withoutApostrophe);
    // A header with one name less: rows that end with a delimiter, or names of rows before the first column.
    return sample.every((cells) => cells.at(-1) === '') ? names : ['', ...names];
  }

  #notations(): NumberNotation[] {
    const evidence = this.profiles.map((profile) => profile.evidence);
    const commas = evidence.some(({ comma }) => comma) || (evidence.some(({ point }) => point) ? false : undefined);
    return this.profiles.map((profile) => profile.notation(commas, this.delimiter === ','));
  }

  /** Examines all rows: the cells of every column, and the times. */
  #examine(): Pick<CsvTable, 'profiles' | 'alone' | 'rowCount' | 'notes'> {
    const rows = new TableRows(this.#start);
    const profiles = this.names.map((name) => new ColumnProfile(name));
    const alone = this.names.map(() => 0);
    const timed = new Set(this.timeSource?.columns);
    let rowCount = 0;
    for (const { cells } of rows.of(this.#lines())) {
      rowCount++;
      this.timeSource?.add(cells);
      let numbers = 0;
      for (const [column, profile] of profiles.entries()) {
        const isNumber = profile.add(cells[column]);
        if (isNumber && !timed.has(column)) numbers++;
      }
      if (numbers === 0) for (const column of alone.keys()) if (!isMissing(cells[column])) alone[column]++;
    }
    return { profiles, alone, rowCount, notes: rows.notes() };
  }
}

/** A name without the apostrophe that keeps spreadsheets from executing it. */
function withoutApostrophe(name: string): string {
  return name.replace(/^'(?=[\s=+\-@'＝＋－＠])/u, '');
}

function firstLines(lines: Iterable<Line>, count: number): Line[] {
  const first: Line[] = [];
  for (const line of lines) {
    if (first.length === count) break;
    first.push(line);
  }
  return first;
}

/** The names, each once: `v`, `v 2`, `v 3`. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let count = 2; taken.has(unique); count++) unique = `${name} ${count}`;
    taken.add(unique);
    return unique;
  });
}

/** First lines of texts that are not tables, with an error for each. */
const foreignTexts: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(!doctype|html|head|body|\?xml)/i, 'this looks like a web page, not CSV. Save the data itself.'],
  [/^\s*([{[]\s*$|\{\s*"|\[\s*[{[])/, 'this looks like JSON, not CSV. Write one line of cells per frame.'],
];

/** Throws an Error that names the format of a text whose first line shows that it is not a table. */
function rejectForeign(lines: readonly Line[]): void {
  const first = lines.find(({ text }) => !/^\s*(#|$)/.test(text))?.text ?? '';
  const found = foreignTexts.find(([start]) => start.test(first));
  if (found) throw new Error(found[1]);
}
