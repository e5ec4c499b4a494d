import { describe, expect, test } from 'vitest';
import { Network, type LayerSpec, type NetworkSpec } from '../../src/index.ts';
import { plan } from '../../src/core/network/plan.ts';
import { verifyLayer, type LayerUnderTest, type LearningStream } from '../../src/testing/index.ts';

const layers: [name: string, layer: LayerSpec, causal?: boolean][] = [
  ['conv1d', { type: 'conv1d', outChannels: 3, kernelSize: 4, dilation: 2, stride: 2, phase: 1 }],
  ['conv1d in groups', { type: 'conv1d', outChannels: 4, kernelSize: 3, groups: 2 }],
  ['conv1d, valid', { type: 'conv1d', outChannels: 2, kernelSize: 5, mode: 'valid' }],
  ['conv1d, same', { type: 'conv1d', outChannels: 2, kernelSize: 5, mode: 'same', padding: 'reflect' }, false],
  ['conv1d, full', { type: 'conv1d', outChannels: 2, kernelSize: 4, mode: 'full', padding: 'symmetric' }, false],
  ['conv1d, mean', { type: 'conv1d', outChannels: 2, kernelSize: 4, padding: 'mean', statLength: 6 }, false],
  ['linear', { type: 'linear', outChannels: 5 }],
  ['convTranspose1d', { type: 'convTranspose1d', outChannels: 3, kernelSize: 5, stride: 2 }],
  ['avgPool', { type: 'avgPool', kernelSize: 3, stride: 2 }],
  ['maxPool', { type: 'maxPool', kernelSize: 3 }],
  ['norm, affine', { type: 'norm', kind: 'affine' }],
  ['softmax', { type: 'softmax' }],
  ['residual', { type: 'residual', layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 3 }, { type: 'tanh' }] }],
  [
    'concat',
    {
      type: 'concat',
      branches: [
        [{ type: 'conv1d', outChannels: 3, kernelSize: 5, mode: 'valid' }],
        [{ type: 'linear', outChannels: 1 }],
      ],
    },
  ],
  ...(['relu', 'leakyRelu', 'elu', 'gelu', 'softplus', 'tanh', 'sigmoid', 'square', 'abs', 'identity'] as const).map(
    (type): [string, LayerSpec] => [type, { type }],
  ),
  ['log', { type: 'log', alpha: 0.5 }],
];

describe('verifyLayer', () => {
  test.each(layers)('accepts the layer %s', (_, layer, causal = true) => {
    const spec: NetworkSpec = { inChannels: 2, layers: [layer] };
    const { receptiveField } = plan(spec);
    verifyLayer(Network.create(spec, { seed: 3 }), {
      receptiveField: causal ? receptiveField : undefined,
      runs: 10,
      causal,
    });
  });

  const spec: NetworkSpec = { inChannels: 2, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 3 }] };
  const broken = (change: (stream: LearningStream) => Partial<LearningStream>): LayerUnderTest => {
    const network = Network.create(spec, { seed: 1 });
    const wrap = (stream: LearningStream): LearningStream => ({
      push: (x, valid) => stream.push(x, valid),
      get valid() {
        return stream.valid;
      },
      backward: (g) => stream.backward(g),
      flushGradient: () => stream.flushGradient(),
      gradients: () => stream.gradients?.() ?? {},
      ...change(stream),
    });
    return {
      inChannels: 2,
      outChannels: 2,
      stream: (options) => wrap(network.stream(options)),
      weights: () => network.weights(),
      setWeights: (weights) => {
        network.setWeights(weights);
      },
    };
  };

  test('detects a gradient of the wrong size', () => {
    const layer = broken((stream) => ({ backward: (g) => stream.backward(g.map((slope) => 1.5 * slope)) }));
    expect(() => verifyLayer(layer)).toThrow(/^finite differences: ∂L\/∂x\[\d+\] must be/);
  });

  test('detects a gradient that is cut off at the edge of a block', () => {
    const layer = broken((stream) => ({
      backward: (g) => Float32Array.from([...stream.backward(g), ...stream.flushGradient()]),
    }));
    expect(() => verifyLayer(layer)).toThrow(/^gradients do not depend on block sizes/);
  });

  test('detects a receptive field that is larger than stated', () => {
    expect(() =>
      verifyLayer(
        broken(() => ({})),
        { receptiveField: 2 },
      ),
    ).toThrow(/NaN affects only|receptive field:/);
  });

  test('detects a NaN that reaches a weight', () => {
    const network = Network.create(spec);
    const layer = broken((stream) => {
      let odd = false;
      return {
        push: (x, valid) => {
          odd ||= x.some(Number.isNaN);
          return stream.push(x, valid);
        },
        gradients: () =>
          odd ? { w: { shape: [1], data: Float32Array.of(NaN) } } : (stream.gradients?.() ?? network.weights()),
      };
    });
    expect(() => verifyLayer(layer)).toThrow('no NaN reaches a weight: the gradient of w contains NaN');
  });
});
