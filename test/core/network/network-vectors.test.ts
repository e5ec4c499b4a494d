import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { fromTorch } from '../../../src/core/network/torch.ts';
import type { WeightsLike } from '../../../src/core/network/weights.ts';
import { expectClose } from '../../expect-close.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'));

function streamed(network: Network, x: number[], gradY: number[], cut: number) {
  const stream = network.stream({ gradients: true });
  const y: number[] = [];
  const dx: number[] = [];
  const { inChannels, outChannels } = network;
  for (let at = 0; at < x.length; at += cut * inChannels) {
    const out = stream.push(x.slice(at, at + cut * inChannels));
    dx.push(...stream.backward(gradY.slice(y.length, y.length + out.length)));
    y.push(...out);
  }
  dx.push(...stream.flushGradient());
  expect(y.length % outChannels).toBe(0);
  return { y, dx, gradients: stream.gradients() };
}

describe('streamed one frame, some frames and all frames at a time', () => {
  for (const [number, v] of read('conv.json').cases.entries()) {
    test.each([1, 5, 1000])(`conv.json ${number}: output and gradients are PyTorch's (blocks of %i)`, (cut) => {
      const layer: LayerSpec = {
        type: 'conv1d',
        outChannels: v.out_channels,
        kernelSize: v.taps,
        stride: v.stride,
        dilation: v.dilation,
        groups: v.groups,
        phase: v.phase,
        padding: v.padding === 'replicate' ? 'edge' : v.padding,
      };
      const weights = fromTorch({ '0.weight': v.weight_torch, '0.bias': v.bias });
      const network = Network.create({ inChannels: v.in_channels, layers: [layer] }, { weights });
      const { y, dx, gradients } = streamed(network, v.x.data, v.grad_y.data, cut);
      const expected = fromTorch({ '0.weight': v.grad_weight_torch, '0.bias': v.grad_bias });
      expectClose(y, v.y.data, 1e-5);
      expectClose(dx, v.grad_x.data, 1e-5);
      for (const name of Object.keys(expected)) expectClose(gradients[name].data, expected[name].data, 1e-5);
    });
  }

  for (const [number, v] of read('stack.json').cases.entries()) {
    test.each([1, 7, 1000])(`stack.json ${number}: every gradient of the stack is autograd's (blocks of %i)`, (cut) => {
      const layers: LayerSpec[] = [];
      const torch: WeightsLike = {};
      const expected: WeightsLike = {};
      for (const [l, layer] of v.layers.entries()) {
        const { taps: kernelSize, stride, dilation, phase, out_channels: outChannels } = layer;
        torch[`${layers.length}.weight`] = v.params[l].weight_torch;
        torch[`${layers.length}.bias`] = v.params[l].bias;
        expected[`${layers.length}.weight`] = v.params[l].grad_weight_torch;
        expected[`${layers.length}.bias`] = v.params[l].grad_bias;
        layers.push(
          { type: 'conv1d', outChannels, kernelSize, stride, dilation, phase },
          { type: layer.activation === 'leaky_relu' ? 'leakyRelu' : layer.activation },
        );
      }
      const network = Network.create({ inChannels: v.layers[0].in_channels, layers }, { weights: fromTorch(torch) });
      const gradY = v.y.data.map((y: number, i: number) => y - v.target.data[i]);
      const { y, dx, gradients } = streamed(network, v.x.data, gradY, cut);
      expectClose(y, v.y.data, 1e-5);
      expectClose(dx, v.grad_x.data, 1e-5);
      for (const [name, { data }] of Object.entries(fromTorch(expected))) expectClose(gradients[name].data, data, 1e-5);
    });
  }
});

test('stack.safetensors: a PyTorch checkpoint streams the numbers that PyTorch computed', () => {
  const bytes = readFileSync(new URL('../../vectors/stack.safetensors', import.meta.url));
  const network = Network.load(bytes, {
    inChannels: 2,
    layers: [
      { type: 'conv1d', outChannels: 4, kernelSize: 5 },
      { type: 'relu' },
      { type: 'conv1d', outChannels: 4, kernelSize: 3, stride: 2 },
      { type: 'relu' },
      { type: 'conv1d', outChannels: 2, kernelSize: 3, dilation: 2 },
    ],
  });
  for (const v of read('stack-safetensors.json').cases) expectClose(network.apply(v.x.data), v.y.data, 1e-5);
  expect(Network.load(network.save()).weights()).toEqual(network.weights());
  expect(Network.load(network.save({ torch: true }), network.spec).weights()).toEqual(network.weights());
});
