import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { random } from '../../../src/core/random.ts';
import { activate, activationGradient, activationNames } from '../../../src/core/reference/activation.ts';
import { avgPool, avgPoolGradient } from '../../../src/core/reference/pool.ts';
import { conv1d, conv1dGradients } from '../../../src/core/reference/conv1d.ts';
import { networkGradients, runNetwork, type ReferenceWeights } from '../../../src/core/reference/network.ts';
import { lagOrder } from './lag-order.ts';

interface Tensor {
  shape: number[];
  data: number[];
}
interface VectorCase {
  layers: {
    in_channels: number;
    out_channels: number;
    taps: number;
    stride: number;
    dilation: number;
    phase: number;
    activation: 'identity' | 'relu' | 'leaky_relu' | 'elu' | 'tanh' | 'sigmoid';
  }[];
  x: Tensor;
  y: Tensor;
  target: Tensor;
  loss: number;
  grad_x: Tensor;
  params: Record<'weight_torch' | 'bias' | 'grad_weight_torch' | 'grad_bias', Tensor>[];
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>): void => {
  expect(a.length).toBe(b.length);
  const largest = Math.max(1, ...Array.from(b, Math.abs));
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-9 * largest);
};
const normals = (count: number, seed: number): Float64Array => {
  const chance = random(seed);
  return Float64Array.from({ length: count }, () => chance.normal());
};

describe('PyTorch', () => {
  const { cases } = JSON.parse(readFileSync(new URL('../../vectors/stack.json', import.meta.url), 'utf8')) as {
    cases: VectorCase[];
  };
  test.each(cases.map((c, i) => [i, c] as const))(
    'gives the same outputs and gradients for stack %i, to 1e-9',
    (_, c) => {
      const weights: ReferenceWeights = {};
      const layers = c.layers.flatMap((layer, i): LayerSpec[] => {
        const { shape } = c.params[i].weight_torch;
        weights[`layers.${2 * i}.weight`] = {
          shape: [shape[0], shape[2], shape[1]],
          data: lagOrder(c.params[i].weight_torch),
        };
        weights[`layers.${2 * i}.bias`] = c.params[i].bias;
        const { out_channels: outChannels, taps: kernelSize, stride, dilation, phase, activation } = layer;
        return [
          { type: 'conv1d', outChannels, kernelSize, stride, dilation, phase },
          { type: activation === 'leaky_relu' ? 'leakyRelu' : activation },
        ];
      });
      const spec = { inChannels: c.layers[0].in_channels, layers };
      const { output } = runNetwork(spec, weights, c.x.data);
      close(output, c.y.data);
      const g = output.map((y, i) => y - c.target.data[i]);
      close([g.reduce((sum, e) => sum + (e * e) / 2, 0)], [c.loss]);
      const gradients = networkGradients(spec, weights, c.x.data, g);
      close(gradients.input, c.grad_x.data);
      c.params.forEach((params, i) => {
        const weight = gradients.weights[`layers.${2 * i}.weight`];
        expect(weight.shape).toEqual(weights[`layers.${2 * i}.weight`].shape);
        close(weight.data, lagOrder(params.grad_weight_torch));
        close(gradients.weights[`layers.${2 * i}.bias`].data, params.grad_bias.data);
      });
    },
  );
});

test('the slope of every activation equals a finite difference, and NaN stays NaN', () => {
  const x = normals(40, 1);
  const ones = new Float64Array(40).fill(1);
  const step = 1e-6;
  for (const name of activationNames) {
    for (const alpha of [undefined, 0.3]) {
      const above = activate(
        name,
        x.map((v) => v + step),
        alpha,
      );
      const below = activate(
        name,
        x.map((v) => v - step),
        alpha,
      );
      const slope = activationGradient(name, x, ones, alpha);
      for (let i = 0; i < x.length; i++)
        expect(Math.abs(slope[i] - (above[i] - below[i]) / (2 * step))).toBeLessThan(1e-4 * (1 + Math.abs(slope[i])));
    }
    expect(activate(name, [NaN])).toEqual(new Float64Array([NaN]));
  }
});

test('average pooling is a valid depthwise convolution whose taps are 1/K', () => {
  const x = normals(3 * 17, 2);
  for (const [kernelSize, stride] of [
    [4, undefined],
    [3, 2],
    [2, 5],
    [18, 1],
  ]) {
    const layer = {
      inChannels: 3,
      outChannels: 3,
      groups: 3,
      kernelSize: kernelSize!,
      stride: stride ?? kernelSize,
      mode: 'valid' as const,
    };
    const w = new Float64Array(3 * kernelSize!).fill(1 / kernelSize!);
    const y = avgPool(x, 3, { kernelSize: kernelSize!, stride });
    close(y, conv1d(x, w, null, layer));
    const g = normals(y.length, 3);
    close(avgPoolGradient(x, 3, g, { kernelSize: kernelSize!, stride }), conv1dGradients(x, w, g, layer).input);
  }
});

test('the gradient of a stack with pooling and every activation equals a finite difference', () => {
  const spec: NetworkSpec = {
    inChannels: 2,
    layers: [
      { type: 'conv1d', outChannels: 4, kernelSize: 3, groups: 2, mode: 'same', padding: 'edge', bias: false },
      { type: 'square' },
      { type: 'avgPool', kernelSize: 3, stride: 2 },
      { type: 'log' },
      { type: 'conv1d', outChannels: 2, kernelSize: 2, stride: 2, phase: 1, mode: 'causal' },
      { type: 'abs' },
    ],
  };
  const weights: ReferenceWeights = {
    'layers.0.weight': { shape: [4, 3, 1], data: normals(12, 4) },
    'layers.4.weight': { shape: [2, 2, 4], data: normals(16, 5) },
    'layers.4.bias': { shape: [2], data: normals(2, 6) },
  };
  const x = normals(2 * 21, 7);
  const { output, channels } = runNetwork(spec, weights, x);
  expect(channels).toEqual([2, 4, 4, 4, 4, 2, 2]);
  const g = normals(output.length, 8);
  const loss = (at: ArrayLike<number>, w: ReferenceWeights): number =>
    runNetwork(spec, w, at).output.reduce((sum, y, i) => sum + g[i] * y, 0);
  const { input, weights: found } = networkGradients(spec, weights, x, g);
  expect(Object.keys(found).sort()).toEqual(Object.keys(weights).sort());
  const changed = (data: ArrayLike<number>, i: number, by: number): Float64Array => {
    const copy = Float64Array.from(data);
    copy[i] += by;
    return copy;
  };
  const step = 1e-6;
  for (let i = 0; i < x.length; i += 5) {
    const slope = (loss(changed(x, i, step), weights) - loss(changed(x, i, -step), weights)) / (2 * step);
    expect(Math.abs(input[i] - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
  }
  for (const [name, { shape, data }] of Object.entries(weights)) {
    for (let i = 0; i < data.length; i++) {
      const at = (by: number): number => loss(x, { ...weights, [name]: { shape, data: changed(data, i, by) } });
      const slope = (at(step) - at(-step)) / (2 * step);
      expect(Math.abs(found[name].data[i] - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
    }
  }
});

test('rejects unknown layers and missing weights', () => {
  expect(() => runNetwork({ inChannels: 1, layers: [{ type: 'swish' as 'relu' }] }, {}, [1])).toThrow(
    new TypeError(`type must be one of ${activationNames.join(', ')}, got 'swish'`),
  );
  const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 1 }] };
  expect(() => runNetwork(spec, {}, [1])).toThrow(
    new TypeError("weights['layers.0.weight'] must be given, got undefined"),
  );
});
