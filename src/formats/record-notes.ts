import { invalid } from '../core/check.ts';

/**
 * What is to be said of the records that a file holds where its header tells another number (-1: none), or where it ends
 * within one, after `left` of its `bytes`. Throws where not one is whole.
 */
export function recordNotes(told: number, records: number, left: number, bytes: number): string[] {
  if (records === 0) throw invalid('number of whole data records', '>= 1', 0);
  const count = `the header tells ${told} data records, the file holds ${records}`;
  const rest = `the file ends within a data record: ${left} of its ${bytes} bytes are left out`;
  return [...(told === records || told === -1 ? [] : [count]), ...(left > 0 ? [rest] : [])];
}
