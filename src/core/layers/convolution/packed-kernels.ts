import type { Packing } from '../layer.ts';
import type { Windowing } from '../windowing.ts';

/** The dimensions of a convolution. */
export interface Conv1dShape extends Windowing {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/**
 * Creates the packing of kernels [out, tap, in/groups] in lag order to the engine's layout: oldest tap first like the
 * delay line, four kernels side by side, four numbers of each,
 *
 *     for each group   w[o/4][j/4][o mod 4][j mod 4]          j = (K-1-k)·C + c
 *
 * padded with zeros to multiples of 4.
 */
export function packedKernels(shape: readonly number[], groups: number): Packing {
  const [outputs, taps, inputs] = shape;
  const count = groups * packedGroupSize(outputs / groups, taps * inputs);
  const place = packedPlaces(outputs, groups, taps * inputs);
  const each = (visit: (index: number, at: number) => void) => {
    for (let o = 0; o < outputs; o++) {
      for (let k = 0; k < taps; k++) {
        for (let c = 0; c < inputs; c++) visit((o * taps + k) * inputs + c, place(o, (taps - 1 - k) * inputs + c));
      }
    }
  };
  return {
    count,
    pack: (numbers) => {
      const packed = new Float32Array(count);
      each((index, at) => {
        packed[at] = numbers[index];
      });
      return packed;
    },
    unpack: (packed) => {
      const numbers = new Float32Array(outputs * taps * inputs);
      each((index, at) => {
        numbers[index] = packed[at];
      });
      return numbers;
    },
  };
}

/** Returns the packed size of one group with `outputs` kernels of `length` numbers each. */
export function packedGroupSize(outputs: number, length: number): number {
  return ((outputs + 3) & ~3) * ((length + 3) & ~3);
}

/** Returns a function that gives the packed index of number j of kernel `o`. */
export function packedPlaces(outputs: number, groups: number, length: number): (o: number, j: number) => number {
  const own = outputs / groups;
  const block = packedGroupSize(own, length);
  const row = (length + 3) & ~3;
  return (o, j) => {
    const within = o % own;
    return Math.floor(o / own) * block + (within & ~3) * row + (j & ~3) * 4 + (within & 3) * 4 + (j & 3);
  };
}
