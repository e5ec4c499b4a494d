import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network.ts';
import type { LayerSpec, NetworkSpec } from '../../src/core/network-spec.ts';
import { random } from '../../src/core/random.ts';
import { noise, seeds, specs } from './random-networks.ts';

/** Cuts `frames` into blocks of seeded lengths, some of them empty. */
function cuts(seed: number, frames: number): number[] {
  const chance = random(seed);
  const lengths: number[] = [];
  for (let left = frames; left > 0;) {
    const length = Math.min(left, Math.floor(chance.uniform() * 8));
    lengths.push(length);
    left -= length;
  }
  return lengths;
}

function pushCut(stream: ReturnType<Network['stream']>, x: Float32Array, channels: number, lengths: number[]) {
  const y: number[] = [];
  const valid: number[] = [];
  let at = 0;
  for (const length of lengths) {
    y.push(...stream.push(x.subarray(at * channels, (at + length) * channels)));
    valid.push(...stream.valid);
    at += length;
  }
  return { y, valid };
}

const bits = (numbers: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(numbers).buffer)];

describe('for any stack of layers', () => {
  test('every cut of the stream gives the bits of the whole recording, tail and validity too (law 2)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = Network.create(spec, { seed });
      const x = noise(seed, 40 * spec.inChannels);
      const whole = network.stream();
      const body = [...whole.push(x)];
      const valid = [...whole.valid];
      const tail = [...whole.flush()];
      const stream = network.stream();
      const cut = pushCut(stream, x, spec.inChannels, cuts(seed, 40));
      expect(bits(cut.y)).toEqual(bits(body));
      expect(cut.valid).toEqual(valid);
      expect(bits(stream.flush())).toEqual(bits(tail));
      expect(bits(network.apply(x))).toEqual(bits([...body, ...tail]));
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 2, numRuns: 200 });
  });

  test('gradients do not depend on the cut either, and backward and flushGradient bring one row a frame (law 7)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = Network.create(spec, { seed });
      const x = noise(seed, 40 * spec.inChannels);
      const run = (lengths: number[], late: number) => {
        const stream = network.stream({ gradients: true });
        const owed: number[] = [];
        const rows: number[] = [];
        let at = 0;
        for (const length of lengths) {
          owed.push(...stream.push(x.subarray(at, (at += length * spec.inChannels))).map((y) => y - 0.3));
          const ready = Math.max(0, owed.length / network.outChannels - late);
          rows.push(...stream.backward(owed.splice(0, ready * network.outChannels)));
        }
        owed.push(...stream.flush().map((y) => y - 0.3));
        rows.push(...stream.backward(owed), ...stream.flushGradient());
        return { rows, gradients: stream.gradients() };
      };
      const whole = run([40], 0);
      const cut = run(cuts(seed, 40), seed % 4);
      expect(whole.rows.length).toBe(x.length);
      expect(bits(cut.rows)).toEqual(bits(whole.rows));
      expect(cut.gradients).toEqual(whole.gradients);
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 7, numRuns: 200 });
  });

  test('skip is pushing invalid zeros, bit for bit, and what comes after a gap does not tell them apart', () => {
    const law = (spec: NetworkSpec, seed: number, gap: number) => {
      const network = Network.create(spec, { seed });
      const { inChannels } = spec;
      const [skipped, pushed, jumped] = [network.stream(), network.stream(), network.stream()];
      const before = noise(seed, 9 * inChannels);
      const after = noise(seed + 1, 60 * inChannels);
      for (const stream of [skipped, pushed, jumped]) stream.push(before);
      expect(bits(skipped.skip(gap))).toEqual(
        bits(pushed.push(new Float32Array(gap * inChannels), new Uint8Array(gap))),
      );
      expect([...skipped.valid]).toEqual([...pushed.valid]);
      jumped.jump(gap);
      const expected = bits(pushed.push(after));
      for (const stream of [skipped, jumped]) {
        expect(bits(stream.push(after))).toEqual(expected);
        expect(stream.index).toBe(pushed.index);
        expect([...stream.valid]).toEqual([...pushed.valid]);
      }
    };
    fc.assert(fc.property(specs, seeds, fc.nat({ max: 400 }), law), { seed: 3, numRuns: 200 });
  });

  test('the future cannot be heard, and a NaN is seen only by outputs that are marked invalid (laws 4 and 12)', () => {
    const causal = specs.map((spec) => ({
      ...spec,
      layers: spec.layers.map((layer) =>
        layer.type === 'conv1d' ? { ...layer, phase: 0, mode: 'causal' as const } : layer,
      ),
    }));
    const law = (spec: NetworkSpec, seed: number) => {
      const network = Network.create(spec, { seed });
      const x = noise(seed, 40 * spec.inChannels);
      const clean = network.stream();
      const yClean = clean.push(x);
      const poisoned = x.slice();
      poisoned[20 * spec.inChannels + (seed % spec.inChannels)] = seed % 2 ? NaN : Infinity;
      const stream = network.stream();
      const before = stream.push(poisoned.subarray(0, 20 * spec.inChannels)).length;
      expect(bits(network.apply(poisoned).subarray(0, before))).toEqual(bits(yClean.subarray(0, before)));
      const whole = network.stream();
      const y = whole.push(poisoned);
      const C = network.outChannels;
      for (let i = 0; i < y.length; i++) {
        if (bits([y[i]])[0] !== bits([yClean[i]])[0]) {
          expect(y[i]).toBeNaN();
          expect(whole.valid[Math.floor(i / C)]).toBe(0);
          expect(i).toBeGreaterThanOrEqual(before);
        }
      }
    };
    fc.assert(fc.property(causal, seeds, law), { seed: 12, numRuns: 200 });
  });

  test('a NaN reaches no weight gradient, whatever gradient comes back for it (law 12)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = Network.create(spec, { seed });
      const x = noise(seed, 30 * spec.inChannels);
      x[7 * spec.inChannels] = NaN;
      x[19 * spec.inChannels] = -Infinity;
      const stream = network.stream({ gradients: true });
      const y = stream.push(x);
      stream.backward(y.map((value) => (seed % 2 ? value : 1)));
      stream.flushGradient();
      for (const { data } of Object.values(stream.gradients())) expect(data.every(Number.isFinite)).toBe(true);
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 13, numRuns: 200 });
  });
});

describe('a single convolution', () => {
  const kernels = fc.record({
    kernelSize: fc.integer({ min: 1, max: 9 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 4 }),
  });

  test('plays its kernel back when it hears an impulse, tap by tap (law 1)', () => {
    const law = ({ kernelSize, dilation }: { kernelSize: number; dilation: number }, seed: number) => {
      const layer: LayerSpec = { type: 'conv1d', outChannels: 1, kernelSize, dilation, bias: false };
      const network = Network.create({ inChannels: 1, layers: [layer] }, { seed });
      const impulse = new Float32Array((kernelSize - 1) * dilation + 1);
      impulse[0] = 1;
      const taps = network.weights()['layers.0.weight'].data;
      const expected = [...impulse].map((_, t) => (t % dilation === 0 ? taps[t / dilation] : 0));
      expect([...network.apply(impulse)].map((y) => y + 0)).toEqual(expected);
    };
    fc.assert(fc.property(kernels, seeds, law), { seed: 1, numRuns: 100 });
  });

  test('with stride S is every S-th output of stride 1, from its phase on (law 6)', () => {
    const law = (
      { kernelSize, dilation, stride }: { kernelSize: number; dilation: number; stride: number },
      seed: number,
    ) => {
      const phase = seed % stride;
      const layer = { type: 'conv1d', outChannels: 3, kernelSize, dilation } as const;
      const dense = Network.create({ inChannels: 2, layers: [layer] }, { seed });
      const strided = Network.create(
        { inChannels: 2, layers: [{ ...layer, stride, phase }] },
        { weights: dense.weights() },
      );
      const x = noise(seed, 2 * 50);
      const rows = [...dense.apply(x)].filter((_, i) => Math.floor(i / 3) % stride === phase);
      expect(bits(strided.apply(x))).toEqual(bits(rows));
    };
    fc.assert(fc.property(kernels, seeds, law), { seed: 6, numRuns: 100 });
  });

  test('is linear, shifts with its input, and does not care in which order its channels stand (law 5)', () => {
    const law = ({ kernelSize, dilation }: { kernelSize: number; dilation: number }, seed: number) => {
      const spec: NetworkSpec = {
        inChannels: 2,
        layers: [{ type: 'conv1d', outChannels: 2, kernelSize, dilation, bias: false }],
      };
      const network = Network.create(spec, { seed });
      const [a, b] = [noise(seed, 60), noise(seed + 1, 60)];
      const sum = network.apply(a.map((value, i) => 2 * value + b[i]));
      const [ya, yb] = [network.apply(a), network.apply(b)];
      for (let i = 0; i < sum.length; i++) expect(sum[i]).toBeCloseTo(2 * ya[i] + yb[i], 4);

      const later = network.apply(Float32Array.from([...new Float32Array(10), ...a]));
      expect(bits(later.subarray(10))).toEqual(bits(ya));

      const { shape, data } = network.weights()['layers.0.weight'];
      const swap = (pairs: Float32Array) => pairs.map((_, i) => pairs[i ^ 1]);
      const swapped = Network.create(spec, { weights: { 'layers.0.weight': { shape, data: swap(data) } } });
      const y = swapped.apply(swap(a));
      for (let i = 0; i < y.length; i++) expect(y[i]).toBeCloseTo(ya[i], 4);
    };
    fc.assert(fc.property(kernels, seeds, law), { seed: 5, numRuns: 60 });
  });

  test('emits output n when frame nS + f arrives, and nothing before f', () => {
    const expected = { causal: 0, valid: 8, same: 4, full: 0 };
    for (const mode of ['causal', 'valid', 'same', 'full'] as const) {
      const layer: LayerSpec = { type: 'conv1d', outChannels: 1, kernelSize: 5, dilation: 2, stride: 3, mode };
      const stream = Network.create({ inChannels: 1, layers: [layer] }).stream();
      const came = Array.from({ length: 20 }, () => stream.push([1]).length);
      expect(came).toEqual(came.map((_, t) => (t >= expected[mode] && (t - expected[mode]) % 3 === 0 ? 1 : 0)));
    }
  });
});

describe('what does not fit is refused before anything changes', () => {
  const network = Network.create({ inChannels: 2, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] });
  test.each([
    ['half a frame', () => network.stream().push([1, 2, 3]), 'x.length must be a multiple of its 2 channels, got 3'],
    ['wrong validity', () => network.stream().push([1, 2], [1, 1]), 'valid.length must be the 1 frames of x, got 2'],
    [
      'too small an array',
      () => network.stream().pushInto([1, 2], new Float32Array(0)),
      'out.length must be >= 1, got 0',
    ],
    [
      'gradients nobody waits for',
      () => network.stream({ gradients: true }).backward([1]),
      'frames of gradY must be <= the 0 outputs that wait, got 1',
    ],
    [
      'more than may wait',
      () => network.stream({ gradients: true, maxPending: 3 }).push(new Float32Array(8)),
      'outputs that wait for a gradient must be <= maxPending = 3, got 4',
    ],
    ['backward without gradients', () => network.stream().backward([]), 'stream must be made with { gradients: true }'],
  ])('%s', (_, act, sentence) => expect(act).toThrow(sentence));

  test('a push that was refused leaves the stream as it was', () => {
    const stream = network.stream({ gradients: true, maxPending: 3 });
    const twin = network.stream();
    expect(() => stream.push(new Float32Array(8))).toThrow(RangeError);
    expect(() => stream.push([1])).toThrow(RangeError);
    expect(stream.push([1, 2, 3, 4])).toEqual(twin.push([1, 2, 3, 4]));
  });
});
