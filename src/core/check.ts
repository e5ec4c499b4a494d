/** Creates an error in the wording that all errors share: `stride must be an integer >= 1, got 0`. */
export function invalid(
  name: string,
  rule: string,
  value: unknown,
  Kind: typeof RangeError | typeof TypeError = RangeError,
): Error {
  return new Kind(`${name} must be ${rule}, got ${format(value)}`);
}

/** Returns `value` if it is an integer >= `minimum`. Throws otherwise. */
export function integer(name: string, value: unknown, minimum: number): number {
  if (typeof value !== 'number') throw invalid(name, `an integer >= ${minimum}`, value, TypeError);
  if (!Number.isSafeInteger(value) || value < minimum) throw invalid(name, `an integer >= ${minimum}`, value);
  return value;
}

/** Returns `value` if it is a finite number > 0. Throws otherwise. The error names `unit`. */
export function positive(name: string, value: unknown, unit = ''): number {
  const rule = `a number > 0${unit && ` in ${unit}`}`;
  if (typeof value !== 'number') throw invalid(name, rule, value, TypeError);
  if (!(value > 0 && value < Infinity)) throw invalid(name, rule, value);
  return value;
}

/** Returns `value` if it is an array, a typed array, or another object with a numeric `length`. Throws otherwise. */
export function list(name: string, value: ArrayLike<number>): ArrayLike<number> {
  const hasLength = typeof value === 'object' && typeof (value as ArrayLike<number> | null)?.length === 'number';
  if (!hasLength) throw invalid(name, 'an array of numbers', value, TypeError);
  return value;
}

/** Returns `value` if it is an object and not an array. Throws otherwise. `rule` describes the expected object. */
export function fields<T extends object>(name: string, value: T, rule: string): T {
  if (typeof value !== 'object' || (value as T | null) === null || Array.isArray(value))
    throw invalid(name, rule, value, TypeError);
  return value;
}

/** Throws if an object has a field that is not in `names`. */
export function onlyFields(name: string, value: object, names: readonly string[]): void {
  for (const field of Object.keys(value)) oneOf(`field of ${name}`, field, names);
}

/** Returns `value` if it is a finite number >= 0. Throws otherwise. */
export function nonNegative(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalid(name, 'a number >= 0', value, TypeError);
  if (!(value >= 0 && value < Infinity)) throw invalid(name, 'a number >= 0', value);
  return value;
}

/** Returns `value` if it is a number >= 0 and < 1. Throws otherwise. */
export function fraction(name: string, value: unknown): number {
  if (typeof value !== 'number') throw invalid(name, 'a number >= 0 and < 1', value, TypeError);
  if (!(value >= 0 && value < 1)) throw invalid(name, 'a number >= 0 and < 1', value);
  return value;
}

/**
 * Returns the option that is given as `name` or as `alias`, its deprecated name; undefined if neither is given.
 * @throws TypeError if both are given
 */
export function renamedOption<O extends object, N extends keyof O & string, A extends keyof O & string>(
  options: O,
  name: N,
  alias: A,
): O[N] | O[A] {
  const value = options[name];
  const old = options[alias];
  if (value !== undefined && old !== undefined)
    throw new TypeError(`${name} and ${alias} must not both be given; ${alias} is the deprecated name of ${name}`);
  return value ?? old;
}

/** Throws unless `array` is a Float32Array with at least `length` elements. */
export function checkCapacity(name: string, array: Float32Array, length: number): void {
  if (!((array as unknown) instanceof Float32Array)) throw invalid(name, 'a Float32Array', array, TypeError);
  if (array.length < length) throw invalid(`${name}.length`, `>= ${length}`, array.length);
}

/** Returns `value` if it is one of `choices`. Throws otherwise. */
export function oneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): T {
  if (!choices.includes(value as T)) throw invalid(name, `one of ${choices.join(', ')}`, value, TypeError);
  return value as T;
}

function format(value: unknown): string {
  if (typeof value === 'string') return `'${truncate(value)}'`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  if (Array.isArray(value))
    return truncate(`[${value.slice(0, 20).map(formatNested).join(',')}${value.length > 20 ? ',...' : ''}]`);
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).slice(0, 20);
    return truncate(`{${fields.map(([name, field]) => `"${name}":${formatNested(field)}`).join(',')}}`);
  }
  return String(value);
}

/** Formats an element of an array or a field of an object. Nested values are abbreviated. */
function formatNested(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[...]' : '{...}';
  return typeof value === 'string' ? `"${value.slice(0, 40)}"` : String(value);
}

function truncate(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
