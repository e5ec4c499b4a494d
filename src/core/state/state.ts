import { invalid } from '../check.ts';

/**
 * The saved state of an object, such as a `Detector`, as plain data: named numbers, typed arrays, and nested states.
 * Treat it as opaque: pass it only to `restore` of an object with the same options. Names and contents may change
 * between versions.
 */
export interface State {
  readonly [name: string]: number | Float32Array | Float64Array | Uint8Array | State;
}

/** Returns the number under `name`. Throws if there is none. */
export function numberIn(state: State, name: string): number {
  const value = state[name];
  if (typeof value !== 'number') throw invalid(`state.${name}`, 'a number', value, TypeError);
  return value;
}

/** Returns the state under `name`, or an empty state if there is none. Throws if the value is of another type. */
export function stateIn(state: State, name: string): State {
  const value = state[name] ?? {};
  if (typeof value !== 'object' || ArrayBuffer.isView(value))
    throw invalid(`state.${name}`, 'a state', value, TypeError);
  return value;
}

/** Returns the Float32Array under `name`. Throws if it is missing or does not have `length` elements. */
export function floatsIn(state: State, name: string, length?: number): Float32Array {
  return arrayIn(state, name, length, Float32Array);
}

/** Returns the Float64Array under `name`. Throws if it is missing or does not have `length` elements. */
export function doublesIn(state: State, name: string, length?: number): Float64Array {
  return arrayIn(state, name, length, Float64Array);
}

/** Returns the Uint8Array under `name`. Throws if it is missing or does not have `length` elements. */
export function bytesIn(state: State, name: string, length?: number): Uint8Array {
  return arrayIn(state, name, length, Uint8Array);
}

function arrayIn<T extends Float32Array | Float64Array | Uint8Array>(
  state: State,
  name: string,
  length: number | undefined,
  Kind: new (count: number) => T,
): T {
  const value = state[name];
  if (!(value instanceof Kind)) throw invalid(`state.${name}`, `a ${Kind.name}`, value, TypeError);
  if (length !== undefined && value.length !== length) throw invalid(`state.${name}.length`, `${length}`, value.length);
  return value;
}
