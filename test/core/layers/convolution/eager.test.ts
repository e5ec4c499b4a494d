import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { NetworkSpec } from '../../../../src/core/network/network-spec.ts';
import { plan } from '../../../../src/core/network/plan.ts';
import { random } from '../../../../src/core/random.ts';
import { networkOf, noise, seeds, specs } from '../../network/random-networks.ts';

const bits = (numbers: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(numbers).buffer)];
const oneLayer: NetworkSpec = {
  inChannels: 128,
  layers: [{ type: 'conv1d', outChannels: 64, kernelSize: 32, stride: 2 }],
};

describe('an eager stream', () => {
  test('gives the same bits as a normal stream, no matter when it is prepared, with weight changes and missing frames', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const chance = random(seed);
      const network = networkOf(spec, seed);
      const other = networkOf(spec, seed + 2).weights();
      const [eager, usual] = [network.stream({ eager: true }), network.stream()];
      for (let block = 0; block < 30; block++) {
        const what = chance.uniform();
        if (what < 0.4) eager.prepare();
        if (block === 20) network.setWeights(other);
        if (what > 0.9) expect(bits(eager.skip(block))).toEqual(bits(usual.skip(block)));
        const x = noise(seed + block, Math.floor(chance.uniform() * 3) * spec.inChannels);
        expect(bits(eager.push(x))).toEqual(bits(usual.push(x)));
        if (what > 0.8) eager.prepare();
      }
      expect(bits(eager.flush())).toEqual(bits(usual.flush()));
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 21, numRuns: 150 });
  });

  test('leaves only the newest frame to compute, as plan reports', () => {
    const { layers, macsPerSecond } = plan(oneLayer, 250);
    expect(layers[0].eagerMacs).toBe(128 * 64);
    expect(layers[0].macs).toBe(32 * 128 * 64);
    expect(macsPerSecond).toBe(125 * layers[0].macs);
    const network = networkOf(oneLayer, 1);
    const { kernels } = network.engine;
    const stream = network.stream({ eager: true });
    for (let t = 0; t < 40; t++) stream.push(noise(t, 128));
    stream.prepare();
    const tail = vi.spyOn(kernels, 'convolveTail');
    const whole = vi.spyOn(kernels, 'convolve');
    expect(stream.push(noise(40, 128)).length).toBe(64);
    expect(whole).not.toHaveBeenCalled();
    expect(tail.mock.calls.map(([, , , from, length]) => length - from)).toEqual([128]);
    vi.restoreAllMocks();
  });

  test('rejects prepare without the option', () => {
    const stream = networkOf(oneLayer, 1).stream();
    expect(() => {
      stream.prepare();
    }).toThrow(new TypeError('stream must be created with { eager: true }, got one without'));
  });
});
