import { invalid } from '../core/check.ts';
import type { ReadOptions } from './recording.ts';

/** Which columns of a file are kept, each once, and where among them those of each role lie. */
export interface KeptColumns {
  /** Places in the file, from 0. */
  readonly columns: readonly number[];
  readonly roles: Readonly<Record<string, readonly number[]>>;
}

/** The columns that are asked for, or else the `usual` ones, and behind them those that only a role asks for. */
export function keptColumns(
  names: readonly string[],
  { columns, roles = {} }: ReadOptions,
  usual: () => readonly number[],
): KeptColumns {
  const own = columns ? findColumns(names, columns) : usual();
  const found = Object.entries(roles).map(([role, wanted]) => [role, findColumns(names, wanted, role)] as const);
  const kept = [...new Set([...own, ...found.flatMap(([, places]) => places)])];
  return {
    columns: kept,
    roles: Object.fromEntries(found.map(([role, places]) => [role, places.map((place) => kept.indexOf(place))])),
  };
}

/** Their places, each once. A name wins over a number, and over a range of numbers such as 2-9. */
function findColumns(names: readonly string[], wanted: readonly (string | number)[], role = 'columns'): number[] {
  if (wanted.length === 0) throw invalid(role, 'at least one name or number', wanted);
  const places = wanted.flatMap((column) => {
    const named = names.indexOf(String(column));
    if (named >= 0) return named;
    const range = /^(\d+)(?:-(\d+))?$/.exec(String(column));
    const [first, last] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (first >= 1 && last >= first && last <= names.length)
      return Array.from({ length: last - first + 1 }, (_, i) => first - 1 + i);
    throw invalid(role, `names or numbers (1-${names.length}) of the columns ${names.join(', ')}`, column);
  });
  return [...new Set(places)];
}
