import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { Padding } from '../../../src/core/layers/windowing.ts';
import { plan } from '../../../src/core/network/plan.ts';
import { runNetwork } from '../../../src/core/reference/network.ts';
import { expectClose } from '../../expect-close.ts';
import { noise } from '../network/random-networks.ts';

describe('a padding that requires the whole recording', () => {
  const spec = (padding: Padding, mode: 'causal' | 'same' | 'full') => ({
    inChannels: 2,
    layers: [
      { type: 'conv1d' as const, outChannels: 3, kernelSize: 4, dilation: 2, stride: 2, mode, padding },
      { type: 'tanh' as const },
      { type: 'conv1d' as const, outChannels: 2, kernelSize: 3, mode, padding },
    ],
  });

  test.each(['wrap', 'mean', 'median'] as const)('%s: uses all of the recording, for any length', (padding) => {
    for (const mode of ['causal', 'same', 'full'] as const) {
      const network = Network.create(spec(padding, mode), { seed: 4 });
      for (const frames of [1, 2, 5, 40]) {
        const x = noise(frames, 2 * frames);
        expectClose(network.apply(x), runNetwork(network.spec, network.weights(), x).output, 1e-5);
      }
    }
  });

  test('is rejected in a stream, with the layer and the reason', () => {
    const sentence = /^layers\[0\].period must be set to run as a stream with padding 'wrap'/;
    for (const padding of ['wrap', 'mean'] as const) {
      expect(() => plan(spec(padding, 'same'), 250)).toThrow(sentence);
      expect(() => Network.create(spec(padding, 'same')).stream()).toThrow(sentence);
    }
  });
});
