import type { Packing } from '../layer.ts';
import { packedGroupSize, packedPlaces } from './packed-kernels.ts';
import { gcd } from '../pace.ts';

/**
 * The taps of a transposed convolution that contribute to the outputs t with t mod S = p. Their lags are equally
 * spaced.
 */
export interface Phase {
  /** Number of taps, lag of the oldest in input frames, and input frames between taps. */
  readonly taps: number;
  readonly oldest: number;
  readonly step: number;
  /** Numbers of one kernel of one group in this phase. */
  readonly length: number;
  /**
   * Offset of the phase's weights in the packed array, packed like those of a convolution, and the size of one group.
   */
  readonly offset: number;
  readonly group: number;
}

/** The kernel [out, tap, in/groups] of a transposed convolution, split into phases. */
export interface Polyphase {
  readonly phases: readonly Phase[];
  readonly packing: Packing;
}

/** Splits a kernel into phases. Tap k belongs to phase kD mod S and has a lag of ⌊kD / S⌋ frames. */
export function polyphase(
  [outputs, taps, inputs]: readonly number[],
  groups: number,
  stride: number,
  dilation: number,
): Polyphase {
  const places = new Int32Array(outputs * taps * inputs);
  const phases: Phase[] = [];
  let offset = 0;
  for (let p = 0; p < stride; p++) {
    const own = Array.from({ length: taps }, (_, k) => taps - 1 - k).filter((k) => (k * dilation) % stride === p);
    const lags = own.map((k) => Math.floor((k * dilation) / stride));
    const length = own.length * inputs;
    const place = packedPlaces(outputs, groups, length);
    for (let o = 0; o < outputs; o++) {
      for (const [i, k] of own.entries()) {
        for (let c = 0; c < inputs; c++) places[(o * taps + k) * inputs + c] = offset + place(o, i * inputs + c);
      }
    }
    const group = packedGroupSize(outputs / groups, length);
    const step = lags.length > 1 ? lags[0] - lags[1] : 1;
    phases.push({ taps: own.length, oldest: lags[0] ?? 0, step, length, offset, group });
    offset += groups * group;
  }
  return {
    phases,
    packing: {
      count: offset,
      pack: (numbers) => {
        const packed = new Float32Array(offset);
        for (const [i, place] of places.entries()) packed[place] = numbers[i];
        return packed;
      },
      unpack: (packed) => Float32Array.from(places, (place) => packed[place]),
    },
  };
}

/**
 * Returns the packed size of all phases. Of the S / gcd(D, S) phases with taps, some have one tap more than the others.
 */
export function packedPhasesSize(
  [outputs, taps, inputs]: readonly number[],
  groups: number,
  stride: number,
  dilation: number,
): number {
  const phases = stride / gcd(stride, dilation);
  const [fewer, longer] = [Math.floor(taps / phases), taps % phases];
  const group = (own: number) => packedGroupSize(outputs / groups, own * inputs);
  return groups * (longer * group(fewer + 1) + (phases - longer) * group(fewer));
}
