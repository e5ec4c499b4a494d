import type { Packing } from '../layer.ts';

/**
 * How the engine holds kernels of the shape [out, tap, in/groups] in lag order, oldest tap first as the delay line lies, four kernels side
 * by side, four numbers of each:
 *
 *     group by group   w[o/4][j/4][o mod 4][j mod 4]          j = (K-1-k)·C + c
 *
 * with zeros where kernels or numbers do not fill a four.
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

/** Numbers that the `outputs` kernels of one group, of `length` numbers each, take. */
export function packedGroupSize(outputs: number, length: number): number {
  return ((outputs + 3) & ~3) * ((length + 3) & ~3);
}

/** Where number j of kernel `o` lies. */
export function packedPlaces(outputs: number, groups: number, length: number): (o: number, j: number) => number {
  const own = outputs / groups;
  const block = packedGroupSize(own, length);
  const row = (length + 3) & ~3;
  return (o, j) => {
    const within = o % own;
    return Math.floor(o / own) * block + (within & ~3) * row + (j & ~3) * 4 + (within & 3) * 4 + (j & 3);
  };
}
