import { isMissing, isNumber } from './cell.ts';
import { type SelectedColumns, selectColumns } from './columns.ts';
import { type CsvClock, looksLikeTime, readClock, unreadableTimes } from './csv-clock.ts';
import { sniffedRows } from './headed-reader.ts';
import type { ReadOptions } from './recording.ts';
import { isoTime } from './time-column.ts';

/** The layout of a CSV table. */
export interface CsvLayout extends SelectedColumns {
  /** Whether the first row contains the column names. */
  readonly headed: boolean;
  readonly clock: CsvClock;
  /** Names of all columns. */
  readonly names: readonly string[];
  /** Sentences on columns that are skipped and on the times. */
  readonly notes: readonly string[];
}

/** Determines the layout from the first rows. Throws an Error if that is not possible. `commas`: decimal commas are read. */
export function readLayout(head: readonly string[][], options: ReadOptions, commas: boolean): CsvLayout {
  if (head.length === 0) throw new Error('the file has no rows');
  const headed = isHeader(head[0], head[1]);
  const rows = head.slice(headed ? 1 : 0).slice(0, sniffedRows);
  if (rows.length === 0) throw new Error('the file has a header but no rows');
  const names = head[0].map((name, index) => (headed && name !== '' ? name : `column ${index + 1}`));
  const first = names.map((_, column) => rows.find((row) => !isMissing(row[column]))?.[column] ?? '');
  const clock = readClock(names, headed, rows, first, options.rate);
  const { columns, roles, notes } = chooseColumns(names, rows, clock.column?.index, options, commas);
  return { headed, clock, names, columns, roles, notes: [...clock.notes, ...notes] };
}

/** A header contains text and no numbers, or text above a number. */
function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  const isData = (cell: string) => isNumber(cell) || !Number.isNaN(isoTime(cell));
  const words = [...first.keys()].filter((column) => !isMissing(first[column]) && !isData(first[column]));
  if (words.length === 0) return false;
  return !first.some(isData) || words.some((column) => second !== undefined && isData(second[column]));
}

/** The selected columns of a CSV table, with notes on the others. */
interface CsvColumns extends SelectedColumns {
  readonly notes: readonly string[];
}

/** The kinds of cells in a column. */
interface Content {
  readonly name: string;
  readonly numbers: number;
  readonly texts: number;
  /** The first text; '' if there is none. */
  readonly firstText: string;
}

/**
 * Selects the columns of the options, or else the numeric ones: those with a number in the first rows and in at least half
 * of the cells that are not empty. Throws an Error if there are none, or if a selected column contains only text.
 *
 * @param time index of the time column
 * @param commas whether decimal commas are read
 */
function chooseColumns(
  names: readonly string[],
  rows: readonly string[][],
  time: number | undefined,
  options: ReadOptions,
  commas: boolean,
): CsvColumns {
  const contents = names.map((name, column) => contentOf(name, rows, column));
  const numeric = (column: number) => {
    const { numbers, texts } = contents[column];
    return column !== time && numbers > 0 && numbers >= texts;
  };
  const selected = selectColumns(names, options, () => [...names.keys()].filter(numeric));
  const { columns } = selected;
  if (columns.length === 0) throw new Error(`no column contains numbers; the columns are ${names.join(', ')}`);
  const wrong = columns.map((column) => contents[column]).find(({ numbers, texts }) => numbers === 0 && texts > 0);
  if (wrong) throw new Error(`columns must contain numbers, but '${wrong.name}' contains '${wrong.firstText}'`);
  const others = contents.filter((_, column) => column !== time && !columns.includes(column));
  return { ...selected, notes: options.columns ? [] : notesOf(others, commas) };
}

function contentOf(name: string, rows: readonly string[][], column: number): Content {
  const cells = rows.map((row) => row[column]).filter((cell) => !isMissing(cell));
  const texts = cells.filter((cell) => !isNumber(cell));
  return { name, numbers: cells.length - texts.length, texts: texts.length, firstText: texts.at(0) ?? '' };
}

/** One sentence per reason to skip columns, with their names. */
function notesOf(others: readonly Content[], commas: boolean): string[] {
  const times = others.filter(({ firstText }) => looksLikeTime(firstText));
  const decimal = others.filter(({ firstText }) => !commas && /^[-+]?\d+,\d+$/.test(firstText));
  const empty = others.filter(({ firstText }) => firstText === '');
  const text = others.filter((each) => ![...times, ...decimal, ...empty].includes(each));
  const skipped = (what: string, which: readonly Content[]) => {
    const named = which.map(({ name, firstText }) => (firstText === '' ? name : `${name} ('${firstText}')`));
    return which.length > 0 ? [`Skipped ${what}: ${named.join(', ')}.`] : [];
  };
  return [
    ...times.map(({ name }) => unreadableTimes(name)),
    ...skipped('columns with decimal commas, which are read only if semicolons or tabs separate cells', decimal),
    ...skipped('columns in which most cells are not numbers', text),
    ...skipped('empty columns', empty),
  ];
}
