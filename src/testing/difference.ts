/**
 * Says where two values first differ, bit for bit (every NaN is the same NaN), or undefined when they do not. Functions
 * are left out. `path` names the value in the sentence.
 */
export function difference(one: unknown, other: unknown, path: string): string | undefined {
  if (Object.is(one, other) || typeof one === 'function') return undefined;
  if (!isObject(one) || !isObject(other)) return `${path} was ${show(one)} and is ${show(other)}`;
  const [from, to] = [entries(one), entries(other)];
  if (Array.isArray(one) || ArrayBuffer.isView(one)) {
    const [length, now] = [from.size, to.size];
    if (length !== now) return `${path} had length ${length} and has ${now}`;
  }
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const found = difference(from.get(key), to.get(key), path === '' ? key : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function entries(value: object): Map<string, unknown> {
  return new Map(Object.entries(value));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
}
