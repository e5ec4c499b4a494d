import { invalid } from '../core/check.ts';
import type { ReadOptions } from './recording.ts';

/** The selected columns of a file, each once, and the places of each role among them. */
export interface SelectedColumns {
  /** Indexes in the file, from 0. */
  readonly columns: readonly number[];
  readonly roles: Readonly<Record<string, readonly number[]>>;
}

/**
 * Selects the columns of the options, or else those of `defaults`, then those that only a role names. Throws a RangeError
 * for a column that does not exist.
 */
export function selectColumns(
  names: readonly string[],
  { columns, roles = {} }: ReadOptions,
  defaults: () => readonly number[],
): SelectedColumns {
  const own = columns ? findColumns(names, columns) : defaults();
  const found = Object.entries(roles).map(([role, wanted]) => [role, findColumns(names, wanted, role)] as const);
  const selected = [...new Set([...own, ...found.flatMap(([, places]) => places)])];
  return {
    columns: selected,
    roles: Object.fromEntries(found.map(([role, places]) => [role, places.map((place) => selected.indexOf(place))])),
  };
}

/** The indexes of columns, each once. A name takes precedence over a number or a range of numbers such as 2-9. */
export function findColumns(
  names: readonly string[],
  wanted: readonly (string | number)[],
  role = 'columns',
): number[] {
  if (wanted.length === 0) throw invalid(role, 'at least one name or number', wanted);
  const places = wanted.flatMap((column) => {
    const named = names.indexOf(String(column));
    if (named >= 0) return named;
    const range = /^(\d+)(?:-(\d+))?$/.exec(String(column));
    const [first, last] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (first >= 1 && last >= first && last <= names.length)
      return Array.from({ length: last - first + 1 }, (_, i) => first - 1 + i);
    throw invalid(role, `column names (${names.join(', ')}) or numbers from 1 to ${names.length}`, column);
  });
  return [...new Set(places)];
}
