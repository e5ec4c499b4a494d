import type { Layer } from './network-spec.ts';
import type { Random } from './random.ts';

/**
 * How weights start. With `gain` g and n = K · in/groups taps into a kernel, m = K · out/groups out of an input channel:
 *
 *     he       normal, sd g √(2/n)         He et al. 2015, for layers that a rectifier follows
 *     glorot   uniform ± g √(6/(n + m))    Glorot and Bengio 2010
 *     zeros    0
 */
export type Initialization = 'he' | 'glorot' | 'zeros';

/** Start weights of one convolution, one number after the other from `chance`. Biases start at 0. */
export function initialize(
  layer: Layer & { type: 'conv1d' },
  kind: Initialization,
  gain: number,
  chance: Random,
): Float32Array {
  const taps = layer.windowing.kernelSize;
  const fanIn = (taps * layer.inChannels) / layer.groups;
  const fanOut = (taps * layer.outChannels) / layer.groups;
  const weights = new Float32Array(layer.outChannels * fanIn);
  const spread = Math.sqrt(6 / (fanIn + fanOut));
  const draw = {
    he: () => Math.sqrt(2 / fanIn) * chance.normal(),
    glorot: () => spread * (2 * chance.uniform() - 1),
    zeros: () => 0,
  }[kind];
  for (let i = 0; i < weights.length; i++) weights[i] = gain * draw();
  return weights;
}

/** He before a rectifier, Glorot before anything else. */
export function defaultInitialization(next: Layer | undefined): Initialization {
  const rectifiers = ['relu', 'leakyRelu', 'elu'];
  return next?.type === 'activation' && rectifiers.includes(next.activation) ? 'he' : 'glorot';
}
