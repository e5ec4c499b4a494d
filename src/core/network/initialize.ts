import type { ParameterSpec } from '../layers/layer.ts';
import type { Random } from '../random.ts';

/**
 * How weights are initialized. With `gain` g, n inputs per kernel, and m outputs per input channel:
 *
 *     he       normal, standard deviation g √(2/n)     He et al. 2015, for layers followed by a rectifier
 *     glorot   uniform ± g √(6/(n + m))                Glorot and Bengio 2010
 *     zeros    0
 *
 * Biases start at 0. Affine norms start with weight 1 and bias 0.
 */
export type Initialization = 'he' | 'glorot' | 'zeros';

/**
 * Returns the initial values of one parameter, drawn from `rng`. Default kind: `he` before a rectifier, otherwise
 * `glorot`.
 */
export function initialize(
  { shape, start }: ParameterSpec,
  kind: Initialization | undefined,
  gain: number,
  rng: Random,
): Float32Array {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (typeof start === 'number') return numbers.fill(start);
  const { fanIn, fanOut, rectified } = start;
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const draw = {
    he: () => Math.sqrt(2 / fanIn) * rng.normal(),
    glorot: () => limit * (2 * rng.uniform() - 1),
    zeros: () => 0,
  }[kind ?? (rectified ? 'he' : 'glorot')];
  return numbers.map(() => gain * draw());
}
