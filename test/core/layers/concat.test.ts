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
  test('wait for the slowest one: an output is emitted with the frame it is aligned with', () => {
    const stream = Network.create(concat([], [pool(3)])).stream();
    expect([...stream.push([3, 6])]).toEqual([]);
    expect([...stream.push([9])]).toEqual([9, 6]);
    expect([...stream.push([12])]).toEqual([12, 9]);
    expect([...stream.valid]).toEqual([1]);
  });

  test('can be joined if they have the same rate, no matter how it is composed', () => {
    const { outRate, outChannels, wait } = plan(
      concat([pool(2, 2)], [conv({ stride: 2, phase: 1 })], [pool(4, 2)]),
      100,
    );
    expect({ outRate, outChannels, wait }).toEqual({ outRate: 50, outChannels: 3, wait: 3 });
  });

  test('with several outputs per frame, skip as many as needed to be in step', () => {
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
    // 1, 10, 2, 20 … is joined with itself from the second output on
    expect([...network.apply([1, 2, 3])]).toEqual([10, 10, 2, 2, 20, 20, 3, 3, 30, 30]);
  });

  test.each<[string, NetworkSpec, string]>([
    [
      'different rates',
      concat([], [pool(2)], [pool(2, 2)]),
      "layers[0].rate of branches[2] must be the rate of branches[0], 1/1 of the input rate, got '1/2'",
    ],
    [
      'frames that are never aligned',
      concat([conv({ stride: 2 })], [conv({ stride: 2, phase: 1 })]),
      "layers[0].frames that the outputs of branches[1] are aligned with must be those of branches[0], 2 …, got '1 …'",
    ],
    ['no branches', concat(), 'layers[0].branches must be one or more arrays of LayerSpecs, got []'],
    [
      'an invalid layer, with its position',
      concat([], [conv({ stride: 0 })]),
      'layers[0].branches[1][0].stride must be an integer >= 1, got 0',
    ],
  ])('are refused for %s', (_, spec, sentence) => {
    expect(() => plan(spec, 100)).toThrow(sentence);
  });
});
