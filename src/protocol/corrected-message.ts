import { isRecord } from './check-message.ts';

/** Keys that are not used as channels in a corrected message. */
const otherKeys: readonly string[] = ['type', 'time', 'ts', 'timestamp', 'start', 'name', 'id'];
/** Maximum number of elements of an array, or fields of an object, that an example shows. */
const maxShown = 4;

/**
 * Returns the message that a sensor probably intended to send, as JSON, for one with a wrong type or without `data`: its
 * arrays as `samples`, or its numbers as an object that names its channels. Arrays are shortened.
 */
export function correctedMessage(message: Record<string, unknown>): string {
  const list = Object.values(message).find(isNonemptyList);
  if (list) return samplesMessage(Array.isArray(list[0]) ? list : list.map((sample) => [sample]));
  const nested = Object.values(message).find(isRecord);
  const numbers = Object.entries({ ...nested, ...message }).filter(
    ([key, value]) => !otherKeys.includes(key) && isNumeric(value),
  );
  if (numbers.length === 0) return samplesMessage([[1, 2, 3]]);
  return JSON.stringify(Object.fromEntries(numbers.slice(0, maxShown).map(([key, value]) => [key, Number(value)])));
}

/** Returns a `samples` message as JSON, with shortened arrays, and numbers instead of text that is a number. */
export function samplesMessage(columns: readonly unknown[]): string {
  return `{"type": "samples", "data": ${exampleList(columns)}}`;
}

/** Returns an array as JSON, shortened, with numbers instead of text that is a number. */
export function exampleList(list: readonly unknown[]): string {
  return JSON.stringify(shortened(list));
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, maxShown).map(shortened);
  return isNumeric(value) ? Number(value) : null;
}

function isNonemptyList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isNumeric(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
}
