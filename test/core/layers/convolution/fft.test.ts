import FFT from 'fft.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Convolver } from '../../../../src/core/network/convolver.ts';
import type { MakeTransform } from '../../../../src/core/layers/convolution/transform.ts';
import type { NetworkSpec } from '../../../../src/core/network/network-spec.ts';
import type { Conv1dSpec } from '../../../../src/core/layers/layer-spec.ts';
import type { StreamOptions } from '../../../../src/core/network/stream-options.ts';
import type { NetworkStream } from '../../../../src/core/network/network-stream.ts';
import { plan } from '../../../../src/core/network/plan.ts';
import { random } from '../../../../src/core/random.ts';
import { networkOf, noise, seeds } from '../../network/random-networks.ts';

const fft: MakeTransform = (size) => new FFT(size);

/** A transform that counts its uses: transforms of kernels and channels, and inverse transforms of pairs of outputs. */
function counted(): { make: MakeTransform; forth: () => number; back: () => number } {
  let [forth, back] = [0, 0];
  const make: MakeTransform = (size) => {
    const inner = new FFT(size);
    return {
      realTransform: (out, x) => {
        forth++;
        inner.realTransform(out, x);
      },
      transform: (out, x) => {
        back++;
        inner.transform(out, x);
      },
    };
  };
  return { make, forth: () => forth, back: () => back };
}

const oneLayer = (inChannels: number, rest: Partial<Conv1dSpec> & { kernelSize: number }): NetworkSpec => ({
  inChannels,
  layers: [{ type: 'conv1d', outChannels: inChannels, ...rest }],
});

/** Long kernels with every mode and streamable padding, for which the FFT pays in large blocks. */
const long: fc.Arbitrary<NetworkSpec> = fc
  .record({
    inChannels: fc.constantFrom(8, 12),
    outChannels: fc.integer({ min: 7, max: 17 }),
    kernelSize: fc.integer({ min: 130, max: 300 }),
    stride: fc.constantFrom(1, 1, 2),
    mode: fc.constantFrom('causal', 'valid', 'same', 'full', 'sides'),
    sides: fc.tuple(fc.nat({ max: 129 }), fc.nat({ max: 129 })),
    padding: fc.constantFrom('zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'),
    bias: fc.boolean(),
    statLength: fc.integer({ min: 1, max: 500 }),
    period: fc.integer({ min: 1, max: 1500 }),
  })
  .map(({ inChannels, mode, sides, statLength, period, ...rest }): NetworkSpec => {
    const layer = {
      type: 'conv1d',
      ...rest,
      mode: mode === 'sides' ? sides : mode,
      padValue: 0.5,
      ...((rest.padding === 'mean' || rest.padding === 'median') && { statLength }),
      ...(rest.padding === 'wrap' && { period }),
    } as Conv1dSpec;
    return { inChannels, layers: [layer] };
  });

/** The result of one push, flush, or skip: samples and their validity. */
type Came = [data: Float32Array, valid: Uint8Array];

/** Pushes noise in blocks of any size, with some invalid, missing, or non-finite frames, and flushes the tail. */
function play(stream: NetworkStream, seed: number): Came[] {
  const chance = random(seed);
  const { inChannels } = stream.network;
  const came: Came[] = [];
  for (let block = 0; block < 5; block++) {
    const frames = Math.floor(chance.uniform() * 1500);
    const x = noise(seed + block, frames * inChannels);
    if (chance.uniform() < 0.3) x[Math.floor(chance.uniform() * x.length)] = [NaN, Infinity, -Infinity][block % 3];
    const valid = Uint8Array.from({ length: frames }, () => Number(chance.uniform() > 0.001));
    came.push([stream.push(x, chance.uniform() < 0.5 ? valid : undefined), stream.valid.slice()]);
    if (chance.uniform() < 0.3) came.push([stream.skip(Math.floor(chance.uniform() * 400)), stream.valid.slice()]);
  }
  came.push([stream.flush(), stream.valid.slice()]);
  return came;
}

/** Expects `data` to equal `exact`: the same non-finite values, and numbers that differ by at most 1e-5 of the largest. */
function expectClose(data: Float32Array, exact: Float32Array): void {
  expect(data.length).toBe(exact.length);
  const largest = exact.reduce((most, y) => (Number.isFinite(y) ? Math.max(most, Math.abs(y)) : most), 0);
  const apart = exact.findIndex((y, i) => !(Object.is(data[i], y) || Math.abs(data[i] - y) <= 1e-5 * largest));
  expect([apart, data[apart], exact[apart]]).toEqual([-1, undefined, undefined]);
}

describe('a stream with an FFT', () => {
  test('equals the direct method in every mode, padding, and split, with gaps and non-finite samples', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = networkOf(spec, seed);
      const [fast, exact] = [play(network.stream({ fft }), seed), play(network.stream(), seed)];
      for (const [i, [data, valid]] of exact.entries()) {
        expectClose(fast[i][0], data);
        expect(fast[i][1]).toEqual(valid);
      }
    };
    fc.assert(fc.property(long, seeds, law), { seed: 31, numRuns: 20 });
  });

  test('uses the FFT from the number of outputs that plan reports, for any padding', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const { fftFrom } = plan(spec).layers[0];
      const { stride = 1 } = spec.layers[0] as Conv1dSpec;
      const { make, back } = counted();
      const network = networkOf(spec, seed);
      const stream = network.stream({ fft: make });
      const push = (outputs: number) => {
        const before = back();
        stream.push(noise(seed, outputs * stride * spec.inChannels));
        return back() - before;
      };
      // a padding that waits for frames gives many outputs at once
      push(2000);
      const least = fftFrom ?? 1000;
      expect(push(least - 1)).toBe(0);
      expect(push(least)).toBe(fftFrom === undefined ? 0 : Math.ceil(network.outChannels / 2));
    };
    fc.assert(fc.property(long, seeds, law), { seed: 32, numRuns: 20 });
  });

  test('is used in the layers that plan reports, including nested layers', () => {
    const layer: Conv1dSpec = { type: 'conv1d', outChannels: 8, kernelSize: 256, mode: 'same' };
    const pooled: NetworkSpec = { inChannels: 8, layers: [layer, { type: 'avgPool', kernelSize: 4 }] };
    const [{ fftFrom }] = plan(pooled).layers;
    expect(plan(pooled).layers.map((one) => one.fftFrom)).toEqual([fftFrom, undefined]);
    const within: NetworkSpec = { inChannels: 8, layers: [{ type: 'residual', layers: [{ type: 'relu' }, layer] }] };
    const beside: NetworkSpec = {
      inChannels: 8,
      layers: [{ type: 'concat', branches: [pooled.layers, pooled.layers] }],
    };
    expect(plan(within).layers[0].fftFrom).toBe(fftFrom);
    expect(plan(beside).layers[0].fftFrom).toBe(Math.ceil(fftFrom! / 4));
    for (const spec of [pooled, within, beside]) {
      const { make, back } = counted();
      const network = networkOf(spec, 2);
      const stream = network.stream({ fft: make });
      stream.push(noise(2, 8 * (fftFrom! - 1)));
      expect(back()).toBe(0);
      const x = noise(1, 8 * 3000);
      const data = network.apply(x, { fft: make });
      expect(back()).toBeGreaterThan(0);
      expectClose(data, network.apply(x));
    }
  });

  test('creates no transform if it never pays', () => {
    const never = () => expect.unreachable();
    for (const rest of [{ kernelSize: 63 }, { kernelSize: 512, dilation: 2 }, { kernelSize: 512, groups: 2 }]) {
      const spec = oneLayer(8, rest);
      expect(plan(spec).layers[0].fftFrom).toBeUndefined();
      expect(plan(spec).fftBytes).toBe(plan(spec).streamBytes);
      const network = networkOf(spec, 2);
      const x = noise(1, 8 * 3000);
      expect(network.apply(x, { fft: never })).toEqual(network.apply(x));
    }
    for (const kernelSize of [64, 100, 1000])
      for (const channels of [1, 8, 64])
        expect(plan(oneLayer(channels, { kernelSize })).layers[0].fftFrom ?? 64).toBeGreaterThanOrEqual(64);
  });

  test('uses changed weights immediately, and the FFT again once they stay the same', () => {
    const spec = oneLayer(8, { kernelSize: 512 });
    const { make, forth, back } = counted();
    const network = networkOf(spec, 2);
    const [fast, exact] = [network.stream({ fft: make }), network.stream()];
    const calls: [number, number][] = [];
    for (let block = 0; block < 6; block++) {
      if (block === 2 || block === 3) network.setWeights(networkOf(spec, block).weights());
      const x = noise(block, 8 * 1000);
      expectClose(fast.push(x), exact.push(x));
      calls.push([forth(), back()]);
    }
    // 64 kernels, 8 channels, 4 pairs of outputs
    const once = [64 + 8, 4];
    const twice = [64 + 16, 8];
    expect(calls).toEqual([once, twice, twice, twice, [2 * 64 + 24, 12], [2 * 64 + 32, 16]]);
  });

  test('uses the direct method for non-finite kernels, so that they do not affect other outputs', () => {
    const spec = oneLayer(8, { kernelSize: 512 });
    const network = networkOf(spec, 2);
    const weights = network.weights();
    weights['layers.0.weight'].data[5] = NaN;
    network.setWeights(weights);
    const x = noise(1, 8 * 3000);
    const exact = network.apply(x);
    expect(exact.some(Number.isNaN) && exact.some(Number.isFinite)).toBe(true);
    expect(network.apply(x, { fft })).toEqual(exact);
  });

  test('continues with an FFT if it is restored with one', () => {
    const network = networkOf(oneLayer(8, { kernelSize: 512 }), 2);
    const [exact, stream] = [network.stream(), network.stream({ fft })];
    const x = noise(1, 8 * 3000);
    exact.push(x);
    stream.push(x);
    const { make, back } = counted();
    const restored = network.restore(stream.save(), { fft: make });
    expectClose(restored.push(x), exact.push(x));
    expect(back()).toBeGreaterThan(0);
  });

  test('also works in a convolver, for blocks', () => {
    const network = networkOf(oneLayer(8, { kernelSize: 512 }), 2);
    const block = { data: noise(1, 8 * 3000), channels: 8, start: 0, rate: 250, time: 0 };
    const { make, back } = counted();
    const [fast, exact] = [Convolver.of(network, { fft: make })().push(block), Convolver.of(network)().push(block)];
    expectClose(fast!.data, exact!.data);
    expect(back()).toBeGreaterThan(0);
  });

  test('allocates as much engine memory as plan reports', () => {
    const spec = oneLayer(8, { kernelSize: 512, mode: 'full', padding: 'edge' });
    const network = networkOf(spec, 2);
    const { engine } = network;
    const x = noise(1, 8 * 3000);
    const exact = network.stream();
    exact.push(x);
    exact.close();
    const held = (options: StreamOptions) => {
      const before = engine.bytes;
      const stream = network.stream(options);
      const bytes = engine.bytes - before;
      for (let i = 0; i < 3; i++) stream.push(x);
      expect(engine.bytes - before).toBe(bytes);
      stream.close();
      return bytes;
    };
    const { fftBytes, streamBytes } = plan(spec);
    const spectra = 8 * 2 * 1025 * 8 + 4 * 4 * 1025 * 8 * 4;
    const more = fftBytes - streamBytes - (held({ fft }) - held({}));
    expect(more).toBeGreaterThan(spectra);
    expect(more).toBeLessThan(spectra + 64 * 2048 + 1);
  });

  test('rejects an fft that is not a function, and an fft with gradients', () => {
    const network = networkOf(oneLayer(2, { kernelSize: 64 }), 2);
    expect(() => network.stream({ fft: 1 as unknown as MakeTransform })).toThrow(
      new TypeError('fft must be a function that creates a transform, got 1'),
    );
    expect(() => network.stream({ fft, gradients: true })).toThrow(
      new TypeError('gradients must be false when fft is given, got true'),
    );
  });
});
