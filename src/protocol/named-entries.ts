import { isRecord } from './check-message.ts';
import { isTimeName } from './time-field.ts';

/** Name and value of a channel; `path` is the name with that of the object that contains it. */
export type NamedValue = readonly [name: string, value: unknown, path?: string];

/** The values of an object that names its channels. */
export interface NamedValues {
  values: NamedValue[];
  /** Fields that contain the time. */
  times: [string, unknown][];
}

/** Objects whose names do not describe their content. */
const containers: ReadonlySet<string> = new Set(['values', 'value', 'data', 'fields', 'payload']);

/**
 * Returns the values of an object and of the objects in it. A nested value is named by its key; it is named by the key of
 * its object if its own is `value`, and by both (`DS18B20-1.Temperature`) if its own occurs more than once.
 *
 * In `{"name": "accelerometer", "values": {"x": 1}}`, all names start with `accelerometer.`.
 */
export function namedValues(json: Record<string, unknown>): NamedValues {
  const times: [string, unknown][] = [];
  const found: { key: string; value: unknown; parent?: string }[] = [];
  const uses = new Map<string, number>();
  const add = (key: string, value: unknown, parent?: string) => {
    if (isTimeName(key)) times.push([key, value]);
    else if (parent === undefined && isRecord(value))
      for (const [inner, innerValue] of Object.entries(value)) add(inner, innerValue, key);
    else {
      found.push({ key, value, parent });
      uses.set(key, (uses.get(key) ?? 0) + 1);
    }
  };
  const prefix = typeof json.name === 'string' && isRecord(json.values) ? `${json.name}.` : '';
  for (const [key, value] of Object.entries(json)) if (key !== 'name' || prefix === '') add(key, value);
  const values = found.map(({ key, value, parent }): NamedValue => {
    if (parent === undefined || prefix !== '') return [prefix + key, value];
    const path = `${parent}.${key}`;
    if (key === 'value' && !containers.has(parent)) return [parent, value, path];
    return [uses.get(key) === 1 ? key : path, value, path];
  });
  return { values, times };
}
