import { isRecord } from './check-message.ts';
import { isTimeName } from './time-field.ts';

/** Fields that are not used as channels in a corrected message. */
const otherKeys: ReadonlySet<string> = new Set(['type', 'start', 'name', 'id']);
/** Maximum number of elements of an array, or fields of an object, that an example shows. */
const maxShown = 4;
/** Maximum depth of objects that are searched for numbers. */
const maxDepth = 8;
/** Maximum length of a name or text in an example. */
const maxText = 40;

/**
 * Returns the message that a sensor probably intended to send, as JSON, for one with a wrong type or without `data`: its
 * arrays as `samples`, or its numbers as an object that names its channels. Arrays are shortened, and the time is kept.
 */
export function correctedMessage(message: Record<string, unknown>): string {
  const list = Object.entries(message).find(([key, value]) => !isTimeName(key) && hasNumbers(value))?.[1] as unknown[];
  const time = timesIn(message);
  if (list) return samplesMessage(Array.isArray(list[0]) ? list : list.map((sample) => [sample]), time);
  const numbers = numbersIn(message);
  return numbers.length === 0 ? samplesMessage([[1, 2, 3]]) : JSON.stringify(Object.fromEntries([...time, ...numbers]));
}

/** Returns a `samples` message as JSON, with shortened arrays, and numbers instead of text that is a number. */
export function samplesMessage(columns: readonly unknown[], time: readonly Field[] = []): string {
  const fields = time.slice(0, 1).map(([, value]) => `"time": ${JSON.stringify(value)}, `);
  return `{"type": "samples", ${fields.join('')}"data": ${exampleList(hasNumbers(columns) ? columns : [[1, 2, 3]])}}`;
}

/** Returns an array as JSON, shortened, with numbers instead of text that is a number. */
export function exampleList(list: readonly unknown[]): string {
  return JSON.stringify(shortened(hasNumbers(list) ? list : [21.5, 40], 1));
}

/**
 * Returns what to send instead of an object that contains an array with several samples per channel, such as
 * `{"accX": [1, 2], "accY": [3, 4]}`: a list of frames. An array beside numbers contains several channels.
 */
export function correctedArrays(message: Record<string, unknown>, key: string, array: readonly unknown[]): string {
  const time = timesIn(message);
  if (Array.isArray(array[0])) return `for frames, send ${samplesMessage(array, time)}, with one array per channel`;
  const arrays = Object.entries(message).filter(
    (entry): entry is [string, unknown[]] => entry[0].length <= maxText && Array.isArray(entry[1]),
  );
  const isColumn = arrays.every(([, values]) => values.length === array.length);
  const numbers = numbersIn(message);
  if (numbers.length > 0 || !isColumn || arrays.length === 0) {
    const parts = array
      .slice(0, maxShown)
      .flatMap((value, i) => (isNumeric(value) ? [field(`${key}${i + 1}`, value)] : []));
    return `send one number per channel: ${JSON.stringify(Object.fromEntries([...time, ...numbers, ...parts]))}`;
  }
  const columns = arrays.filter(([, values]) => values.some(isNumeric));
  if (columns.length === 0) return 'send numbers, such as {"temperature": 21.5}';
  const rows = array.slice(0, 2).map((_, i) =>
    Object.fromEntries(
      [...columns]
        .sort(([a], [b]) => Number(isTimeArray(b)) - Number(isTimeArray(a)))
        .slice(0, maxShown)
        .map(([name, values]) => field(isTimeArray(name) ? 'time' : name, values[i])),
    ),
  );
  if (rows.length === 1) return `send ${JSON.stringify({ ...Object.fromEntries(time), ...rows[0] })}`;
  const frames = `send a list of frames: ${JSON.stringify(rows)}`;
  return columns.length === 1 ? `for one frame, send ${exampleList(array)}; otherwise, ${frames}` : frames;
}

/** Returns the event that a sensor probably intended to send, as JSON; undefined if the message contains no text for it. */
export function correctedMark(message: Record<string, unknown>): string | undefined {
  const [text] = ['label', 'text', 'name', 'event', 'message', 'title', 'description', 'comment', 'value', 'type']
    .filter((key) => key !== 'type' || !['mark', 'event', 'marker', 'annotation'].includes(String(message.type)))
    .flatMap((key) => (Object.hasOwn(message, key) && typeof message[key] === 'string' ? [message[key]] : []));
  if (text === undefined || text === '') return undefined;
  const position = ['at', 'frames', 'duration'].flatMap((key) =>
    isNumeric(message[key]) ? [field(key, message[key])] : [],
  );
  const time = timesIn(message).map(([, value]): Field => ['time', value]);
  return JSON.stringify({ type: 'mark', ...Object.fromEntries([...time, ...position]), label: text.slice(0, maxText) });
}

type Field = [string, unknown];

/** Whether an object contains numbers that can be channels. */
export function hasChannels(message: Record<string, unknown>): boolean {
  return (
    Object.entries(message).some(([key, value]) => !eventKeys.has(key) && hasNumbers(value)) || channelsIn(message)
  );
}

function channelsIn(message: Record<string, unknown>): boolean {
  return numbersIn(message).some(([key]) => !eventKeys.has(key));
}

/** Fields of events that can be numbers. */
const eventKeys: ReadonlySet<string> = new Set(['at', 'frames', 'duration']);

/** The fields of a message that contain its time. */
export function timesIn(message: Record<string, unknown>): Field[] {
  return Object.entries(message)
    .filter(
      ([key, value]) => isTimeName(key) && (isNumeric(value) || (typeof value === 'string' && value.length <= maxText)),
    )
    .slice(0, 1);
}

/** Returns the first numbers of an object, or of the objects in it. */
function numbersIn(message: Record<string, unknown>, depth = 1): Field[] {
  const found = Object.entries(message).flatMap(([key, value]) =>
    key.length <= maxText && !isTimeName(key) && !otherKeys.has(key) && isNumeric(value) ? [field(key, value)] : [],
  );
  if (found.length > 0 || depth === maxDepth) return found.slice(0, maxShown);
  for (const value of Object.values(message)) {
    const inner = isRecord(value) ? numbersIn(value, depth + 1) : [];
    if (inner.length > 0) return inner;
  }
  return [];
}

function field(key: string, value: unknown): Field {
  return [key, isNumeric(value) ? Number(value) : null];
}

function isTimeArray(name: string): boolean {
  return /time|stamp/i.test(name);
}

/** Whether a value is an array of numbers, or of arrays of numbers. */
function hasNumbers(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return value.some((item) => isNumeric(item) || (Array.isArray(item) && item.some(isNumeric)));
}

function shortened(value: unknown, depth: number): unknown {
  if (Array.isArray(value))
    return depth > 2 ? null : value.slice(0, maxShown).map((item) => shortened(item, depth + 1));
  return isNumeric(value) ? Number(value) : null;
}

function isNumeric(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
}
