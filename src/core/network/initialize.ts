import type { ParameterSpec } from '../layers/layer.ts';
import type { Random } from '../random.ts';

/**
 * How weights start. With `gain` g, n inputs to a kernel and m outputs of an input channel:
 *
 *     he       normal, sd g √(2/n)         He et al. 2015, for layers that a rectifier follows
 *     glorot   uniform ± g √(6/(n + m))    Glorot and Bengio 2010
 *     zeros    0
 *
 * Biases start at 0 and affine norms at 1 and 0.
 */
export type Initialization = 'he' | 'glorot' | 'zeros';

/** The start of one parameter, [shape], one number after the other from `chance`. Default kind: He before a rectifier, else Glorot. */
export function initialize(
  { shape, start }: ParameterSpec,
  kind: Initialization | undefined,
  gain: number,
  chance: Random,
): Float32Array {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (typeof start === 'number') return numbers.fill(start);
  const { fanIn, fanOut, rectified } = start;
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const draw = {
    he: () => Math.sqrt(2 / fanIn) * chance.normal(),
    glorot: () => limit * (2 * chance.uniform() - 1),
    zeros: () => 0,
  }[kind ?? (rectified ? 'he' : 'glorot')];
  return numbers.map(() => gain * draw());
}
