import fc from 'fast-check';
import type { LayerSpec, NetworkSpec } from '../../src/core/network-spec.ts';
import { random } from '../../src/core/random.ts';

const activation = fc.constantFrom('relu', 'leakyRelu', 'elu', 'tanh', 'sigmoid', 'square', 'abs', 'log', 'identity');

const conv: fc.Arbitrary<LayerSpec> = fc
  .record({
    pairs: fc.integer({ min: 1, max: 2 }),
    kernelSize: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    groups: fc.constantFrom(1, 2),
    phase: fc.nat({ max: 2 }),
    mode: fc.constantFrom('causal', 'causal', 'valid', 'same', 'full', 'sides'),
    padding: fc.constantFrom('zeros', 'constant', 'edge'),
    bias: fc.boolean(),
  })
  .map(({ pairs, phase, mode, ...rest }) => {
    const reach = (rest.kernelSize - 1) * rest.dilation;
    return {
      type: 'conv1d',
      outChannels: 2 * pairs,
      ...rest,
      ...(mode === 'causal' ? { phase: phase % rest.stride } : {}),
      mode: mode === 'sides' ? [Math.floor(reach / 3), reach - Math.floor(reach / 2)] : mode,
      padValue: 0.5,
    };
  });
const pool: fc.Arbitrary<LayerSpec> = fc
  .record({ kernelSize: fc.integer({ min: 1, max: 4 }), stride: fc.integer({ min: 1, max: 3 }) })
  .map((pool) => ({ type: 'avgPool', ...pool }));
const layer = fc.oneof(
  { weight: 3, arbitrary: conv },
  { weight: 2, arbitrary: activation.map((type) => ({ type })) },
  { weight: 1, arbitrary: pool },
);
/** Stacks of up to four layers of every kind and mode. */
export const specs: fc.Arbitrary<NetworkSpec> = fc.record({
  inChannels: fc.constantFrom(2, 4),
  layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
});
export const seeds: fc.Arbitrary<number> = fc.integer({ min: 1, max: 1e6 });

export function noise(seed: number, length: number): Float32Array {
  const chance = random(seed);
  return Float32Array.from({ length }, () => chance.normal());
}
