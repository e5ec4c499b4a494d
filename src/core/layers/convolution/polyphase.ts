import type { Packing } from '../layer.ts';
import { packedGroupSize, packedPlaces } from './packed-kernels.ts';
import { gcd } from '../pace.ts';

/** The taps of a transposed convolution that make the outputs t with t mod S = p; they look back at equal distances. */
export interface Phase {
  /** How many taps there are, how many input frames back the oldest looks, and frames from one tap to the next. */
  readonly taps: number;
  readonly oldest: number;
  readonly step: number;
  /** Numbers of one kernel of one group in this phase. */
  readonly length: number;
  /** Where the phase's weights begin in the packed array, packed like those of a convolution, and numbers of one group. */
  readonly offset: number;
  readonly group: number;
}

/** The kernel [out, tap, in/groups] of a transposed convolution cut into its phases, with the way there and back. */
export interface Polyphase {
  readonly phases: readonly Phase[];
  readonly packing: Packing;
}

/** Tap k belongs to phase kD mod S and looks ⌊kD / S⌋ frames back. */
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

/** Numbers that the packed phases take: of S / gcd(D, S) phases that have taps, some have one more than the others. */
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
