import { isMissing } from '../cell.ts';
import { timeUnitOf } from '../time/time-unit.ts';
import { readDateText } from '../time/date-text.ts';
import type { Line } from './lines.ts';
import { NotationFinder } from './number-notation.ts';
import { type Delimiter, isBlank, type Row, rowsOf } from './rows.ts';

/** Where a table starts in a text, and how its rows are written. */
export interface TableStart {
  readonly delimiter: Delimiter;
  /** Number of cells of a row. */
  readonly columns: number;
  /** Names of the columns, [columns]; undefined without a header. */
  readonly names?: readonly string[];
  /** Units of the columns from a row below the names, [columns]; '' if there is none. */
  readonly units?: readonly string[];
  /** Whether the cells are in single quotes, as of PhysioNet's rdsamp. */
  readonly singleQuoted?: true;
  /** Number of the first line with data; Infinity if there is none. */
  readonly firstLine: number;
  /** Lines before the table that are not empty, without the marks of comments. */
  readonly preamble: readonly string[];
}

const delimiters: readonly Delimiter[] = ['\t', ';', ',', '|', 'space'];

/** Number of rows whose cells are examined. */
const examined = 100;

/** Whether a line is a comment: it starts with # or %, or is the rule below the header of a Markdown table. */
export function isComment(text: string): boolean {
  return /^\s*([#%]|\/\/|\|?(\s*:?-{2,}:?\s*\|)+)/.test(text);
}

/**
 * Finds the table in the first lines of a text. The delimiter is the one that splits the lines into the same number of cells
 * with the most numbers, dates, and missing samples. The first row of data is the first one that looks like the rows below
 * it; the rows above it with as many cells contain the names and the units.
 */
export function findTable(lines: readonly Line[]): TableStart {
  const declared = lines.length > 0 ? /^\ufeff?"?sep=(.|\\t)"?$/i.exec(lines[0].text.trim()) : null;
  const kept = declared ? lines.slice(1) : lines;
  const content = kept.filter(({ text }) => !isComment(text));
  const candidates = delimiters.map((delimiter) => new Candidate(delimiter, content));
  const given = candidates.find(({ delimiter }) => delimiter === (declared?.[1] === '\\t' ? '\t' : declared?.[1]));
  const fallback = candidates[2];
  const best = candidates
    .filter(({ columns }) => columns > 1)
    .reduce((best, next) => (next.score > best.score + 1e-9 ? next : best), fallback);
  return startOf(given ?? (best.score > 0.3 ? best : fallback), kept);
}

type CellKind = 'missing' | 'number' | 'time' | 'text';

function kindOf(cell: string): CellKind {
  if (isMissing(cell)) return 'missing';
  if (new NotationFinder().add(cell)) return 'number';
  return readDateText(cell) ? 'time' : 'text';
}

/** The rows of a text with one delimiter. */
class Candidate {
  readonly delimiter: Delimiter;
  readonly rows: readonly Row[];
  /** The most frequent number of cells in the last rows. */
  readonly columns: number;
  /** How well the delimiter fits, 0 to 1. */
  readonly score: number;

  constructor(delimiter: Delimiter, lines: readonly Line[]) {
    this.delimiter = delimiter;
    this.rows = rowsUpToError(lines, delimiter);
    const body = this.rows.slice(Math.floor(this.rows.length / 3)).slice(-examined);
    this.columns =
      lastRun(this.rows) ?? mostFrequent([...body, ...this.rows.slice(0, 1)].map(({ cells }) => cells.length));
    const fitting = body.filter(({ cells }) => cells.length === this.columns);
    const cells = fitting.flatMap((row) => row.cells).slice(0, 2000);
    const worth = (cell: string) => {
      const kind = kindOf(cell);
      return kind === 'text' ? (/[;\t|]|,\d/.test(cell) ? 0 : 0.5) : kind === 'missing' ? 0.8 : 1;
    };
    const quality = cells.reduce((sum, cell) => sum + worth(cell), 0) / Math.max(1, cells.length);
    const share = fitting.length / Math.max(1, body.length);
    this.score = share * quality * (delimiter === 'space' ? 0.7 : 1);
  }
}

function rowsUpToError(lines: readonly Line[], delimiter: Delimiter): Row[] {
  const rows: Row[] = [];
  try {
    for (const row of rowsOf(lines, delimiter)) rows.push(row);
  } catch {
    // A quoted cell that ends after the examined lines, or quotes that mean something else with this delimiter.
  }
  return rows;
}

/** Number of cells of the last rows, if at least three of a short text agree and contain numbers: lines before can be many. */
function lastRun(rows: readonly Row[]): number | undefined {
  const last = rows.filter(({ ended }, i) => ended || i < rows.length - 1).slice(-3);
  const agree = last.every(
    ({ cells }) => cells.length === last[0].cells.length && cells.some((cell) => kindOf(cell) === 'number'),
  );
  return rows.length < examined && last.length === 3 && agree ? last[0].cells.length : undefined;
}

function mostFrequent(numbers: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].reduce(
    (best, next) => (next[1] > best[1] || (next[1] === best[1] && next[0] > best[0]) ? next : best),
    [0, 0],
  )[0];
}

function startOf({ delimiter, rows, columns }: Candidate, lines: readonly Line[]): TableStart {
  const fits = ({ cells }: Row) => cells.length === columns || (cells.length === columns - 1 && columns > 2);
  const body = rows.slice(Math.floor(rows.length / 3)).slice(-examined);
  const kinds = Array.from({ length: columns }, (_, column) => columnKind(body, column, columns));
  const textOnly = !kinds.some((kind) => kind === 'number' || kind === 'time');
  const first = textOnly
    ? rows.findIndex(fits) + 1
    : rows.findIndex((row) => row.cells.length === columns && isData(row, kinds));
  const start = first < 0 ? rows.length : first;
  const above = rows.at(start - 1)?.cells.length ?? 0;
  const isHead = (row: Row) => fits(row) && row.cells.length === above && !/^TO[AB]\d$/.test(row.cells[0]);
  let from = start;
  while (from > 0 && start - from < 4 && isHead(rows[from - 1])) from--;
  const heads = rows.slice(from, start).map(({ cells }) => cells);
  const end = rows.at(from)?.line ?? Infinity;
  const preamble = lines
    .filter(({ number, text }) => number < Math.min(end, rows.at(start)?.line ?? Infinity) && !isBlank(text))
    .map(({ text }) => text.replace(/^\s*(#|%|\/\/)+\s?/, ''));
  const header: Pick<TableStart, 'names' | 'units'> | undefined =
    headerOf(heads) ?? commentHeader(lines, rows.at(start), delimiter, columns);
  const singleQuoted = header?.names?.every((name) => name === '' || unquoted(name) !== name) === true;
  return {
    delimiter,
    columns,
    ...header,
    ...(singleQuoted && { singleQuoted, names: header.names?.map(unquoted), units: header.units?.map(unquoted) }),
    firstLine: rows.at(start)?.line ?? Infinity,
    preamble,
  };
}

/** A cell without single quotes around it. */
export function unquoted(cell: string): string {
  return cell.length > 1 && cell.startsWith("'") && cell.endsWith("'") ? cell.slice(1, -1) : cell;
}

/** The kind of most cells of a column in the last rows. */
function columnKind(rows: readonly Row[], column: number, columns: number): CellKind {
  const counts = { number: 0, time: 0, text: 0, missing: 0 };
  for (const { cells } of rows) if (cells.length === columns) counts[kindOf(cells[column])]++;
  const { number, time, text } = counts;
  if (number + time + text === 0) return 'missing';
  return number >= text && number >= time ? 'number' : time >= text ? 'time' : 'text';
}

/** Whether a row is data: it has a number or time where the rows below have one, and it does not look like a header. */
function isData({ cells }: Row, kinds: readonly CellKind[]): boolean {
  const found = cells.map(kindOf);
  const dated = found.includes('time') || cells.some((cell) => /\d[.,]\d/.test(cell) && kindOf(cell) === 'number');
  const words = found.some((kind, column) => kind === 'text' && /number|time/.test(kinds[column]));
  if (words && !dated) return false;
  return found.some((kind, column) => (kind === 'number' || kind === 'time') && /number|time/.test(kinds[column]));
}

/** Names and units from the rows above the data: the first row without many empty cells, and the row below it. */
function headerOf(rows: readonly (readonly string[])[]): Pick<TableStart, 'names' | 'units'> | undefined {
  const filled = rows.map((cells) => cells.filter((cell) => cell !== '').length);
  const most = Math.max(...filled);
  const place = filled.findIndex((count) => count >= 0.8 * most);
  if (place < 0) return undefined;
  const names = rows[place];
  const others = rows.slice(place + 1);
  const below = others.find((cells) => cells.some((cell) => timeUnitOf(cell) !== undefined)) ?? others.at(0);
  if (!below) return { names };
  const joined = names.map((name, column) => `${name} ${below[column] ?? ''}`.trim());
  const distinct = (texts: readonly string[]) => new Set(texts).size;
  // Two rows of names, such as acc, acc, acc above x, y, z
  if (distinct(names) < names.length && distinct(joined) > distinct(names)) return { names: joined };
  return { names, ...(below.every((cell) => cell.length <= 16) && { units: below }) };
}

/** The names in the last comment before the data, if it has as many cells. */
function commentHeader(
  lines: readonly Line[],
  first: Row | undefined,
  delimiter: Delimiter,
  columns: number,
): Pick<TableStart, 'names'> | undefined {
  if (!first) return undefined;
  const comment = lines.findLast(({ number, text }) => number < first.line && isComment(text));
  if (!comment) return undefined;
  const text = comment.text.replace(/^\s*(#|%|\/\/)+/, '');
  const cells = rowsUpToError([{ ...comment, text }], delimiter).at(0)?.cells ?? [];
  return cells.length === columns && cells.every((cell) => kindOf(cell) !== 'number') ? { names: cells } : undefined;
}
