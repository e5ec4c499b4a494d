import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Network } from '../../src/core/network.ts';
import type { NetworkSpec } from '../../src/core/network-spec.ts';
import { networkGradients, runNetwork } from '../../src/core/reference/network.ts';
import { expectClose } from '../expect-close.ts';
import { noise, seeds, specs } from './random-networks.ts';

test('the streaming engine computes what the reference says, outputs and every gradient (laws 3 and 7)', () => {
  const law = (spec: NetworkSpec, seed: number) => {
    const network = Network.create(spec, { seed });
    const x = noise(seed, 30 * spec.inChannels);
    const stream = network.stream({ gradients: true });
    const y = Float32Array.from([...stream.push(x), ...stream.flush()]);
    const g = noise(seed + 1, y.length);
    const dx = [...stream.backward(g), ...stream.flushGradient()];

    const { output } = runNetwork(spec, network.weights(), x);
    const expected = networkGradients(spec, network.weights(), x, g);
    expectClose(y, output, 1e-4);
    expectClose(dx, expected.input, 1e-4);
    for (const [name, { data }] of Object.entries(stream.gradients())) {
      expectClose(data, expected.weights[name].data, 1e-4);
    }
    expect(Object.keys(stream.gradients()).sort()).toEqual(Object.keys(expected.weights).sort());
  };
  const smooth = specs.map((spec) => ({
    ...spec,
    // a logarithm close to its floor multiplies float32 rounding by a million
    layers: spec.layers.map((layer) => (layer.type === 'log' ? { ...layer, alpha: 0.5 } : layer)),
  }));
  fc.assert(fc.property(smooth, seeds, law), { seed: 4, numRuns: 300 });
});
