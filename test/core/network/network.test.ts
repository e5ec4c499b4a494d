import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/core/state/safetensors.ts';
import { fromTorch, toTorch } from '../../../src/core/network/torch.ts';

const spec: NetworkSpec = {
  inChannels: 4,
  layers: [
    { type: 'conv1d', outChannels: 6, kernelSize: 3, groups: 2 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 2, kernelSize: 1, bias: false },
  ],
};

describe('a network', () => {
  test('has the same initial weights for the same seed: He before a rectifier, Glorot elsewhere, biases 0', () => {
    const {
      'layers.0.weight': he,
      'layers.0.bias': bias,
      'layers.2.weight': glorot,
    } = Network.create(spec, { seed: 5 }).weights();
    expect(Network.create(spec, { seed: 5 }).weights()['layers.0.weight']).toEqual(he);
    expect(Network.create(spec, { seed: 6 }).weights()['layers.0.weight']).not.toEqual(he);
    expect([he.shape, glorot.shape]).toEqual([
      [6, 3, 2],
      [2, 1, 6],
    ]);
    expect([...bias.data]).toEqual([0, 0, 0, 0, 0, 0]);
    const limit = Math.sqrt(6 / 8);
    expect(glorot.data.every((w) => Math.abs(w) <= limit)).toBe(true);
    const big = Network.create({
      inChannels: 32,
      layers: [{ type: 'conv1d', outChannels: 64, kernelSize: 9 }, { type: 'relu' }],
    });
    const { data } = big.weights()['layers.0.weight'];
    const variance = data.reduce((sum, w) => sum + w * w, 0) / data.length;
    expect(variance * (32 * 9)).toBeCloseTo(2, 1);
  });

  test('is the same after save and load, bit for bit, including its spec', () => {
    const network = Network.create(spec, { seed: 9 });
    const loaded = Network.load(network.save());
    expect(loaded.spec).toEqual(spec);
    expect(loaded.weights()).toEqual(network.weights());
    const torch = Network.load(network.save({ torch: true }), spec);
    expect(torch.weights()).toEqual(network.weights());
    expect(Object.keys(decodeSafetensors(network.save({ torch: true })).tensors)).toEqual([
      '0.weight',
      '0.bias',
      '2.weight',
    ]);
  });

  test('converts to PyTorch and back without changing a bit', () => {
    const weights = Network.create(spec, { seed: 2 }).weights();
    const torch = toTorch(weights, spec);
    expect(torch['0.weight'].shape).toEqual([6, 2, 3]);
    expect(torch['0.weight'].data[0]).toBe(weights['layers.0.weight'].data[4]);
    expect(fromTorch(torch, spec)).toEqual(weights);
  });

  test('returns copies', () => {
    const network = Network.create(spec);
    network.weights()['layers.0.weight'].data.fill(7);
    expect(network.weights()['layers.0.weight'].data).not.toContain(7);
    const clone = network.clone();
    clone.setWeights(Network.create(spec, { seed: 77 }).weights());
    expect(clone.weights()).not.toEqual(network.weights());
  });
});

describe('weights that do not fit are rejected by name, and nothing changes', () => {
  const network = Network.create(spec);
  const weights = network.weights();
  const missing = { 'layers.0.weight': weights['layers.0.weight'], 'layers.0.bias': weights['layers.0.bias'] };
  test.each([
    ['missing', missing, 'layers.2.weight must be of shape [2, 1, 6], got undefined'],
    [
      'a different shape',
      { ...weights, 'layers.0.bias': { shape: [5], data: new Float32Array(5) } },
      'layers.0.bias must be of shape [6], got [5]',
    ],
    [
      'not enough numbers',
      { ...weights, 'layers.0.bias': { shape: [6], data: new Float32Array(5) } },
      'layers.0.bias.data.length must be 6, got 5',
    ],
    [
      'an unknown name',
      { ...weights, 'layers.1.weight': { shape: [1], data: [1] } },
      "name of a weight must be one of layers.0.weight, layers.0.bias, layers.2.weight, got 'layers.1.weight'",
    ],
  ])('%s', (_name, wrong, sentence) => {
    expect(() => network.setWeights(wrong)).toThrow(sentence);
    expect(network.weights()).toEqual(weights);
  });
});

describe('malformed safetensors files are rejected with an error message', () => {
  const good = Network.create(spec).save();
  const edit = (change: (header: Record<string, never>) => void) => {
    const length = Number(new DataView(good.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(good.subarray(8, 8 + length)));
    change(header);
    const text = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length + good.length - 8 - length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    bytes.set(good.subarray(8 + length), 8 + text.length);
    return bytes;
  };
  test.each([
    ['empty', new Uint8Array(0), 'safetensors: the file must contain a complete header, got 0 bytes'],
    ['cut in the header', good.subarray(0, 40), 'safetensors: the file must contain a complete header, got 40 bytes'],
    ['cut in the numbers', good.subarray(0, good.length - 1), 'must lie within the file'],
    ['text', new TextEncoder().encode('hello, hello, hello'), 'must contain a complete header'],
    ['no JSON', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 65, 66), 'safetensors: the header must be a JSON object'],
    [
      'an unsupported dtype',
      edit((h) => Object.assign(h['layers.0.bias'], { dtype: 'BF16' })),
      "layers.0.bias.dtype must be F32, F64, or U8, got 'BF16'",
    ],
    [
      'a wrong shape',
      edit((h) => Object.assign(h['layers.0.bias'], { shape: [7] })),
      'must lie within the file, got shape [7]',
    ],
    ['an entry that is null', edit((h) => Object.assign(h, { a: null })), 'a.dtype must be F32, F64, or U8'],
    ['an entry without a shape', edit((h) => Object.assign(h, { a: { dtype: 'F32' } })), 'a must lie within the file'],
    [
      'metadata that is not text',
      edit((h) => Object.assign(h, { __metadata__: { spec: 5 } })),
      'safetensors: metadata must be an object of strings',
    ],
    ['no bytes', null as unknown as Uint8Array, 'bytes must be a Uint8Array, got null'],
  ])('%s', (_name, bytes, sentence) => expect(() => Network.load(bytes, spec)).toThrow(sentence));

  test('rejects a spec that is not JSON or describes more weights than the file contains, before allocating', () => {
    const file = (text: string) =>
      encodeSafetensors(
        { 'layers.0.weight': { shape: [1], data: new Float32Array(1) } },
        { tapline: 'network', spec: text },
      );
    expect(() => Network.load(file('{'))).toThrow("metadata.spec of the file must be JSON, got '{'");
    const load = (layer: object) => () => Network.load(file(JSON.stringify({ inChannels: 1, layers: [layer] })));
    expect(load({ type: 'conv1d', outChannels: 1e6, kernelSize: 1e9 })).toThrow('layers.0.weight must be of shape');
    const transposed = { type: 'convTranspose1d', outChannels: 1, kernelSize: 1 };
    expect(load({ ...transposed, stride: 3e8 })).toThrow('layers[0].stride must be <= 65536, got 300000000');
    const late = { type: 'conv1d', outChannels: 1, kernelSize: 2, dilation: 3e12, mode: 'valid' };
    expect(load({ type: 'concat', branches: [[], [late]] })).toThrow('layers.0.branches.1.0.weight must be of shape');
  });

  test('rejects a checkpoint without a spec unless one is given', () => {
    expect(() => Network.load(encodeSafetensors({}))).toThrow(
      "spec must be given, because the file's metadata does not contain one",
    );
  });
});
