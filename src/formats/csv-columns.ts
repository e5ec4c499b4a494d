import { isMissing, isNumber } from './cell.ts';
import { keptColumns } from './columns.ts';
import type { KeptColumns } from './columns.ts';
import { looksLikeTime, unreadTimes } from './csv-clock.ts';
import type { ReadOptions } from './recording.ts';

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
