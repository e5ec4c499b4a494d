import { floatsIn, type State } from '../state/state.ts';

/** Returns copies of arrays of weights as a state. */
export function copiesOf(arrays: readonly Float32Array[]): State {
  return Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]));
}

/** Reads a state that `copiesOf` returned into arrays of the same lengths. */
export function readInto(arrays: readonly Float32Array[], state: State): void {
  for (const [i, array] of arrays.entries()) array.set(floatsIn(state, String(i), array.length));
}
