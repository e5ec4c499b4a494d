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
  return packing(count, outputs * taps * inputs, (visit) => {
    for (let o = 0; o < outputs; o++) {
      for (let k = 0; k < taps; k++) {
        for (let c = 0; c < inputs; c++) visit((o * taps + k) * inputs + c, place(o, (taps - 1 - k) * inputs + c));
      }
    }
  });
}

/** The cost of gathering the windows of one channel, in kernels of that channel. */
const gatherCost = 16;

/**
 * Returns whether every kernel reads one channel and four neighboring channels are computed at once. With few channels
 * and many kernels of each, gathering the windows of each channel is faster than computing missing channels:
 *
 *     at once    R C'          R = kernels per channel;  C' = channels C rounded up to a multiple of 4
 *     gathered   (R + 16) C
 */
export function isDepthwise({ inChannels, outChannels, groups }: Conv1dShape): boolean {
  if (groups !== inChannels || groups === 1) return false;
  const multiplier = outChannels / groups;
  return multiplier * ((inChannels + 3) & ~3) <= (multiplier + gatherCost) * inChannels;
}

/**
 * Creates the packing of depthwise kernels [out, tap, 1] in lag order, for `channels` channels with
 * `multiplier` = out / channels kernels each: oldest tap first, four neighboring channels side by side,
 *
 *     w[c/4][r][j][c mod 4]          j = K-1-k;  kernel r of channel c gives output c · multiplier + r
 *
 * padded with zeros to a multiple of 4 channels.
 */
export function packedDepthwiseKernels(shape: readonly number[], channels: number): Packing {
  const [outputs, taps] = shape;
  const multiplier = outputs / channels;
  const place = (o: number, k: number) => {
    const c = Math.floor(o / multiplier);
    const row = Math.floor(c / 4) * multiplier + (o % multiplier);
    return 4 * (row * taps + taps - 1 - k) + (c & 3);
  };
  return packing(((channels + 3) & ~3) * multiplier * taps, outputs * taps, (visit) => {
    for (let o = 0; o < outputs; o++) for (let k = 0; k < taps; k++) visit(o * taps + k, place(o, k));
  });
}

/**
 * Creates a packing of `size` numbers to `count`. `each` calls a function with the index of every number and its place.
 */
function packing(count: number, size: number, each: (visit: (index: number, at: number) => void) => void): Packing {
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
      const numbers = new Float32Array(size);
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
