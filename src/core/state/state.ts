import { invalid } from '../check.ts';

/** The memory of a machine as plain data: numbers and typed arrays under names. */
export interface State {
  readonly [name: string]: number | Float32Array | Float64Array | Uint8Array | State;
}

/** The number under `name`. Throws when there is none. */
export function numberIn(state: State, name: string): number {
  const value = state[name];
  if (typeof value !== 'number') throw invalid(`state.${name}`, 'a number', value, TypeError);
  return value;
}

/** The state under `name`; an empty one when there is nothing of it. Throws when something else is there. */
export function stateIn(state: State, name: string): State {
  const value = state[name] ?? {};
  if (typeof value !== 'object' || ArrayBuffer.isView(value))
    throw invalid(`state.${name}`, 'a state', value, TypeError);
  return value;
}

/** The float32 numbers under `name`, `length` of them. Throws when there are none or another number. */
export function floatsIn(state: State, name: string, length?: number): Float32Array {
  return arrayIn(state, name, length, Float32Array);
}

/** The float64 numbers under `name`, `length` of them. Throws when there are none or another number. */
export function doublesIn(state: State, name: string, length?: number): Float64Array {
  return arrayIn(state, name, length, Float64Array);
}

/** The bytes under `name`, `length` of them. Throws when there are none or another number. */
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
