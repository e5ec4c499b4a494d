import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { plan } from '../../../src/core/network/plan.ts';

const spec: NetworkSpec = {
  inChannels: 8,
  layers: [
    { type: 'conv1d', outChannels: 16, kernelSize: 5, stride: 2 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 4, kernelSize: 3, dilation: 4, groups: 2 },
    { type: 'avgPool', kernelSize: 10 },
  ],
};

describe('plan', () => {
  test('reports rate, receptive field, delay, wait, and cost of every layer by equation (3)', () => {
    const { layers, ...whole } = plan(spec, 250);
    expect(layers.map(({ type, rate, receptiveField, wait }) => [type, rate, receptiveField, wait])).toEqual([
      ['conv1d', 125, 5, 0],
      ['relu', 125, 5, 0],
      ['conv1d', 125, 5 + 8 * 2, 0],
      ['avgPool', 12.5, 21 + 9 * 2, 18],
    ]);
    expect(layers.map(({ macsPerSecond }) => macsPerSecond)).toEqual([16 * 40 * 125, 0, 4 * 24 * 125, 40 * 12.5]);
    expect(whole).toMatchObject({ outChannels: 4, outRate: 12.5, stride: 20, receptiveField: 39, wait: 18 });
    expect(whole.groupDelay).toEqual({ frames: 19, ms: 76 });
  });

  test('reports the receptive field that an impulse reveals', () => {
    const smooth = { ...spec, layers: spec.layers.filter(({ type }) => type !== 'relu') };
    const network = Network.create(smooth, { seed: 3 });
    const zeroInput = network.apply(new Float32Array(8 * 200));
    const heardBy = (frame: number) => {
      const x = new Float32Array(8 * 200);
      x.fill(1, 8 * frame, 8 * frame + 8);
      return network.apply(x).findIndex((y, i) => y !== zeroInput[i]) >= 0;
    };
    const { receptiveField, wait } = plan(smooth, 1);
    const y = (x: Float32Array) => network.apply(x).subarray(4 * 5, 4 * 6);
    const alignedFrame = wait + 5 * 20;
    const affected = Array.from({ length: 200 }, (_, frame) => {
      const x = new Float32Array(8 * 200);
      x.fill(1, 8 * frame, 8 * frame + 8);
      return y(x).some((value, o) => value !== zeroInput[4 * 5 + o]);
    });
    expect(affected.indexOf(true)).toBe(alignedFrame - receptiveField + 1);
    expect(affected.lastIndexOf(true)).toBe(alignedFrame);
    expect(heardBy(0)).toBe(true);
  });

  const conv = (rest: object): LayerSpec => ({ type: 'conv1d', outChannels: 2, kernelSize: 3, ...rest });
  test.each<[string, unknown, string]>([
    ['stride 0', [conv({ stride: 0 })], 'layers[0].stride must be an integer >= 1, got 0'],
    [
      'a fractional kernel size',
      [{ type: 'relu' }, conv({ kernelSize: 0.5 })],
      'layers[1].kernelSize must be an integer >= 1, got 0.5',
    ],
    [
      'groups that do not divide the channels',
      [conv({ groups: 3 })],
      'layers[0].groups must be a divisor of inChannels = 4, got 3',
    ],
    ['a phase past the stride', [conv({ stride: 2, phase: 2 })], 'layers[0].phase must be < stride = 2, got 2'],
    [
      'too much padding',
      [conv({ mode: [3, 0] })],
      'layers[0].mode[0] must be <= (kernelSize - 1) * dilation = 2, got 3',
    ],
    [
      'an unknown mode',
      [conv({ mode: 'half' })],
      "layers[0].mode must be one of causal, valid, same, full, got 'half'",
    ],
    ['an unknown layer', [{ type: 'lstm' }], 'layers[0].type must be one of conv1d, linear'],
    ['a misspelt option', [conv({ strides: 2 })], 'layers[0]: field of conv1d must be one of outChannels, groups'],
    ['no layers', 'none', "layers must be an array of LayerSpecs, got 'none'"],
  ])('refuses %s with the layer and the reason', (_, layers, sentence) => {
    expect(() => plan({ inChannels: 4, layers } as NetworkSpec, 100)).toThrow(sentence);
  });
});
