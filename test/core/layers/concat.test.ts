import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { plan } from '../../../src/core/network/plan.ts';

const pool = (kernelSize: number, stride = 1): LayerSpec => ({ type: 'avgPool', kernelSize, stride });
const conv = (rest: object): LayerSpec => ({ type: 'conv1d', outChannels: 1, kernelSize: 3, ...rest });
const up = (stride: number, rest: object = {}): LayerSpec => {
  return { type: 'convTranspose1d', outChannels: 1, kernelSize: stride, stride, ...rest };
};
const concat = (...branches: LayerSpec[][]): NetworkSpec => ({
  inChannels: 1,
  layers: [{ type: 'concat', branches }],
});

describe('branches side by side', () => {
  test('wait for the last of them: an output comes with the frame that it hangs on', () => {
    const stream = Network.create(concat([], [pool(3)])).stream();
    expect([...stream.push([3, 6])]).toEqual([]);
    expect([...stream.push([9])]).toEqual([9, 6]);
    expect([...stream.push([12])]).toEqual([12, 9]);
    expect([...stream.valid]).toEqual([1]);
  });

  test('meet at one rate, whichever way they came to it', () => {
    const { outRate, outChannels, wait } = plan(
      concat([pool(2, 2)], [conv({ stride: 2, phase: 1 })], [pool(4, 2)]),
      100,
    );
    expect({ outRate, outChannels, wait }).toEqual({ outRate: 50, outChannels: 3, wait: 3 });
  });

  test('of several outputs a frame, leave out as many as bring them in step', () => {
    const spec = concat([up(2)], [up(2), conv({ kernelSize: 2, mode: 'valid', bias: false })]);
    const [w, one] = [
      { shape: [1, 2, 1], data: [1, 10] },
      { shape: [1], data: [0] },
    ];
    const network = Network.create(spec, {
      weights: {
        'layers.0.branches.0.0.weight': w,
        'layers.0.branches.0.0.bias': one,
        'layers.0.branches.1.0.weight': w,
        'layers.0.branches.1.0.bias': one,
        'layers.0.branches.1.1.weight': { shape: [1, 2, 1], data: [1, 0] },
      },
    });
    // 1, 10, 2, 20 … meets itself, from the second output on
    expect([...network.apply([1, 2, 3])]).toEqual([10, 10, 2, 2, 20, 20, 3, 3, 30, 30]);
  });

  test.each<[string, NetworkSpec, string]>([
    [
      'rates that differ',
      concat([], [pool(2)], [pool(2, 2)]),
      "layers[0].rate of branches[2] must be that of branches[0], 1/1 of the input's, got '1/2'",
    ],
    [
      'frames that never meet',
      concat([conv({ stride: 2 })], [conv({ stride: 2, phase: 1 })]),
      "layers[0].frames that outputs of branches[1] hang on must be those of branches[0], 2 …, got '1 …'",
    ],
    ['no branches', concat(), 'layers[0].branches must be one or more arrays of LayerSpecs, got []'],
    [
      'a layer that cannot be, with its place',
      concat([], [conv({ stride: 0 })]),
      'layers[0].branches[1][0].stride must be an integer >= 1, got 0',
    ],
  ])('are refused for %s', (_, spec, sentence) => {
    expect(() => plan(spec, 100)).toThrow(sentence);
  });
});
