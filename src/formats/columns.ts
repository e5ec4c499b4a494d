import { invalid } from '../core/check.ts';

/** The indexes of the columns asked for: names as in `names`, or numbers counted from 1. A name wins over a number. */
export function findColumns(names: readonly string[], wanted: readonly (string | number)[]): number[] {
  if (wanted.length === 0) throw invalid('columns', 'at least one name or number', wanted);
  return wanted.map((column) => {
    const named = names.indexOf(String(column));
    if (named >= 0) return named;
    const number = /^\d+$/.test(String(column)) ? Number(column) : 0;
    if (number >= 1 && number <= names.length) return number - 1;
    throw invalid('columns', `names or numbers (1-${names.length}) of the columns ${names.join(', ')}`, column);
  });
}
