/**
 * Describes the first difference between two values, bit for bit (all NaNs are equal), or returns undefined if there is
 * none. Functions are ignored. `path` names the value in the description.
 */
export function difference(expected: unknown, actual: unknown, path: string): string | undefined {
  if (Object.is(expected, actual) || typeof expected === 'function') return undefined;
  if (!isObject(expected) || !isObject(actual)) return `${path} is ${show(actual)}, expected ${show(expected)}`;
  const [from, to] = [entries(expected), entries(actual)];
  if (Array.isArray(expected) || ArrayBuffer.isView(expected)) {
    if (from.size !== to.size) return `${path} has length ${to.size}, expected ${from.size}`;
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
