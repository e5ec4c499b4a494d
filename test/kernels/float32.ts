import { random } from '../../src/core/random.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float32 number that has these 32 bits. */
function fromBits(pattern: number): number {
  bits[0] = pattern;
  return float[0];
}

/** Where functions have extrema, saturate, or end, with both signs. */
export const specials: readonly number[] = [
  0,
  1,
  0.5,
  9,
  20,
  87.33655,
  88.72283,
  103.97208,
  104,
  1e-45,
  1.1754944e-38,
  3.4028235e38,
  Infinity,
  NaN,
].flatMap((x) => [Math.fround(x), -Math.fround(x)]);

/** `count` float32 numbers: the specials, then any bit patterns and, three times as often, sizes from 2^-14 to 2^8. */
export function mixture(count: number, seed: number): Float32Array {
  const chance = random(seed);
  const uniform = () => chance.uniform();
  const sign = () => (uniform() < 0.5 ? 2 ** 31 : 0);
  const next = (i: number) => fromBits(i % 4 ? (113 + 22 * uniform()) * 2 ** 23 + sign() : uniform() * 2 ** 32);
  return Float32Array.from({ length: count }, (_, i) => specials[i] ?? next(i));
}

/**
 * How far the float32 number `y` is from `exact`, in spacings of float32 numbers there; Infinity for another infinity,
 * another zero, or a NaN where there is none.
 */
export function ulps(y: number, exact: number): number {
  const nearest = Math.fround(exact);
  if (!Number.isFinite(nearest) || exact === 0) return Object.is(y, nearest) ? 0 : Infinity;
  return Number.isNaN(y) ? Infinity : Math.abs(y - exact) / spacing(nearest);
}

/** From |x| to the next float32 number. */
function spacing(x: number): number {
  float[0] = Math.min(Math.abs(x), 3e38);
  const size = float[0];
  bits[0]++;
  return float[0] - size;
}
