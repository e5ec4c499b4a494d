import { isMissing, isNumber } from './cell.ts';
import { type KeptColumns, keptColumns } from './columns.ts';
import { type CsvClock, looksLikeTime, readClock, unreadTimes } from './csv-clock.ts';
import { sniffedRows } from './headed-reader.ts';
import type { ReadOptions } from './recording.ts';
import { isoTime } from './time-column.ts';

/** How one CSV is laid out. */
export interface CsvLayout extends KeptColumns {
  /** Whether the first row names the columns. */
  readonly headed: boolean;
  readonly clock: CsvClock;
  /** Of all columns. */
  readonly names: readonly string[];
  /** What is left out, and what is odd about the times: a sentence each. */
  readonly notes: readonly string[];
}

/** Reads the layout off the first rows; throws an Error where they tell none. `commas`: decimal commas are read. */
export function readLayout(head: readonly string[][], options: ReadOptions, commas: boolean): CsvLayout {
  if (head.length === 0) throw new Error('the text is empty: it holds no row');
  const headed = isHeader(head[0], head[1]);
  const rows = head.slice(headed ? 1 : 0).slice(0, sniffedRows);
  if (rows.length === 0) throw new Error('the text holds a header and no row below it');
  const names = head[0].map((name, index) => (headed && name !== '' ? name : `column ${index + 1}`));
  const first = names.map((_, column) => rows.find((row) => !isMissing(row[column]))?.[column] ?? '');
  const clock = readClock(names, headed, rows, first, options.rate);
  const { columns, roles, notes } = chooseColumns(names, rows, clock.column?.index, options, commas);
  return { headed, clock, names, columns, roles, notes: [...clock.notes, ...notes] };
}

/** A header has words and no numbers, or a word over a number. */
function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  const isData = (cell: string) => isNumber(cell) || !Number.isNaN(isoTime(cell));
  const words = [...first.keys()].filter((column) => !isMissing(first[column]) && !isData(first[column]));
  if (words.length === 0) return false;
  return !first.some(isData) || words.some((column) => second !== undefined && isData(second[column]));
}

/** The columns of a CSV that are kept, and what is to be said of the others. */
export interface CsvColumns extends KeptColumns {
  readonly notes: readonly string[];
}

/** What the cells of a column are. */
interface Content {
  readonly name: string;
  readonly numbers: number;
  readonly words: number;
  /** The first word; '' where there is none. */
  readonly word: string;
}

/**
 * Chooses the columns that are asked for, or else those that hold numbers: in some of the first rows, and in at least half of
 * the cells that hold anything. Throws an Error that names a column which is asked for and holds none, and where none does.
 *
 * @param time place of the time column   @param commas whether decimal commas are read
 */
export function chooseColumns(
  names: readonly string[],
  rows: readonly string[][],
  time: number | undefined,
  options: ReadOptions,
  commas: boolean,
): CsvColumns {
  const contents = names.map((name, column) => contentOf(name, rows, column));
  const numeric = (column: number) => {
    const { numbers, words } = contents[column];
    return column !== time && numbers > 0 && numbers >= words;
  };
  const kept = keptColumns(names, options, () => [...names.keys()].filter(numeric));
  const { columns } = kept;
  if (columns.length === 0) throw new Error(`no column holds numbers; the columns are ${names.join(', ')}`);
  const wrong = columns.map((column) => contents[column]).find(({ numbers, words }) => numbers === 0 && words > 0);
  if (wrong) throw new Error(`columns must hold numbers, and '${wrong.name}' holds such as '${wrong.word}'`);
  const others = contents.filter((_, column) => column !== time && !columns.includes(column));
  return { ...kept, notes: options.columns ? [] : notesOf(others, commas) };
}

function contentOf(name: string, rows: readonly string[][], column: number): Content {
  const cells = rows.map((row) => row[column]).filter((cell) => !isMissing(cell));
  const words = cells.filter((cell) => !isNumber(cell));
  return { name, numbers: cells.length - words.length, words: words.length, word: words.at(0) ?? '' };
}

/** A sentence for each reason to leave columns out, with their names. */
function notesOf(others: readonly Content[], commas: boolean): string[] {
  const times = others.filter(({ word }) => looksLikeTime(word));
  const decimal = others.filter(({ word }) => !commas && /^[-+]?\d+,\d+$/.test(word));
  const empty = others.filter(({ word }) => word === '');
  const texts = others.filter((each) => ![...times, ...decimal, ...empty].includes(each));
  const leftOut = (why: string, which: readonly Content[]) => {
    const named = which.map(({ name, word }) => (word === '' ? name : `${name} ('${word}')`));
    return which.length > 0 ? [`left out, ${why}: ${named.join(', ')}`] : [];
  };
  return [
    ...times.map(({ name }) => unreadTimes(name)),
    ...leftOut("as decimal commas are read only where ';' or tabs separate cells", decimal),
    ...leftOut('as most of their cells are not numbers', texts),
    ...leftOut('as their cells are empty', empty),
  ];
}
