import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { random } from '../../../src/core/random.ts';
import { alignedFrameOfStack } from '../../../src/core/reference/alignment.ts';
import { convolutions, hasLayer, mapLayers, networkOf, noise, pools, seeds, specs } from './random-networks.ts';

/** A recording with a gap, in which x is 0 and invalid. */
interface Recording {
  x: Float32Array;
  valid: Uint8Array;
  frames: number;
  /** The first frame of the gap, and the first one after it. */
  gap: [from: number, to: number];
}

const gaps = fc.record({ from: fc.nat({ max: 40 }), count: fc.nat({ max: 12 }) });

function recording(seed: number, channels: number, { from, count }: { from: number; count: number }): Recording {
  const [frames, to] = [40, Math.min(40, from + count)];
  const x = noise(seed, frames * channels).fill(0, from * channels, to * channels);
  return { x, valid: new Uint8Array(frames).fill(1).fill(0, from, to), frames, gap: [from, to] };
}

/** Splits `frames` frames into blocks of random lengths, some of them empty, and at the given positions. */
function cuts(seed: number, frames: number, places: readonly number[] = []): number[] {
  const chance = random(seed);
  const lengths: number[] = [];
  for (let at = 0; at < frames;) {
    const room = Math.min(...[frames, ...places].filter((place) => place > at)) - at;
    const length = Math.min(room, Math.floor(chance.uniform() * 8));
    lengths.push(length);
    at += length;
  }
  return lengths;
}

/** How a recording is streamed: split by `seed`, with gradients `late` outputs late, saved and restored before some blocks. */
interface Course {
  seed: number;
  late?: number;
  interrupted?: boolean;
}

/** Streams a recording according to a course, skipping its gap, with the gradient g for every output. */
function learn(network: Network, { x, frames, gap }: Recording, g: Float32Array, course: Course) {
  const { inChannels, outChannels } = network;
  const { seed, late = 0, interrupted = false } = course;
  let stream = network.stream({ gradients: true, maxPending: 1e5 });
  const [y, valid, dx]: number[][] = [[], [], []];
  let [at, learned, block] = [0, 0, 0];
  const teach = (wait: number) => {
    const ready = Math.max(learned, y.length - wait * outChannels);
    dx.push(...stream.backward(g.subarray(learned, ready)));
    learned = ready;
    if (interrupted && block++ % 3 === 1) stream = network.restore(stream.save());
  };
  const hear = (out: Float32Array) => {
    y.push(...out);
    valid.push(...stream.valid);
    teach(late);
  };
  for (const length of cuts(seed, frames, gap)) {
    const skipped = at >= gap[0] && at < gap[1];
    const own = x.subarray(at * inChannels, (at + length) * inChannels);
    hear(skipped ? stream.skip(length) : stream.push(own));
    at += length;
  }
  hear(stream.flush());
  teach(0);
  dx.push(...stream.flushGradient());
  return { y: bits(y), valid, dx: bits(dx), gradients: bitsOf(stream.gradients()) };
}

/** Runs the same recording as one block. */
function learnAtOnce(network: Network, { x, valid }: Recording, g: Float32Array) {
  const stream = network.stream({ gradients: true, maxPending: 1e5 });
  const y = [...stream.push(x, valid)];
  const real = [...stream.valid];
  y.push(...stream.flush());
  real.push(...stream.valid);
  const dx = [...stream.backward(g.subarray(0, y.length)), ...stream.flushGradient()];
  return { y: bits(y), valid: real, dx: bits(dx), gradients: bitsOf(stream.gradients()) };
}

const bits = (numbers: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(numbers).buffer)];
const bitsOf = (gradients: Record<string, { data: Float32Array }>) =>
  Object.entries(gradients).map(([name, { data }]) => [name, bits(data)]);
const someGradient = (seed: number) => noise(seed + 1, 40 * 8 * 40);

describe('for any stack of layers', () => {
  test('every split of the stream gives the bits of the whole recording, including tail and validity (invariant 2)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, 40 * spec.inChannels);
      const whole = network.stream();
      const body = [...whole.push(x)];
      const valid = [...whole.valid];
      const tail = [...whole.flush()];
      const tailValid = [...whole.valid];
      const stream = network.stream();
      const [cut, cutValid]: number[][] = [[], []];
      let at = 0;
      for (const length of cuts(seed, 40)) {
        const expected = stream.outputsFor(length);
        const y = stream.push(x.subarray(at, (at += length * spec.inChannels)));
        expect(y.length).toBe(expected * network.outChannels);
        cut.push(...y);
        cutValid.push(...stream.valid);
      }
      expect(bits(cut)).toEqual(bits(body));
      expect(cutValid).toEqual(valid);
      expect(bits(stream.flush())).toEqual(bits(tail));
      expect([...stream.valid]).toEqual(tailValid);
      expect(bits(network.apply(x))).toEqual(bits([...body, ...tail]));
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 2, numRuns: 200 });
  });

  test('gradients do not depend on the split, on delays, or on skipped gaps, and there is one row per frame (invariant 7)', () => {
    const law = (spec: NetworkSpec, seed: number, gap: { from: number; count: number }) => {
      const network = networkOf(spec, seed);
      const played = recording(seed, spec.inChannels, gap);
      const g = someGradient(seed);
      const whole = learnAtOnce(network, played, g);
      expect(whole.dx.length).toBe(played.x.length);
      expect(learn(network, played, g, { seed, late: seed % 7 })).toEqual(whole);
    };
    fc.assert(fc.property(specs, seeds, gaps, law), { seed: 7, numRuns: 200 });
  });

  test('save and restore in the middle change no bit of outputs or gradients (invariant 11)', () => {
    const law = (spec: NetworkSpec, seed: number, gap: { from: number; count: number }) => {
      const network = networkOf(spec, seed);
      const played = recording(seed, spec.inChannels, gap);
      const g = someGradient(seed);
      const interrupted = learn(network, played, g, { seed, late: seed % 4, interrupted: true });
      expect(interrupted).toEqual(learn(network, played, g, { seed, late: seed % 4 }));
    };
    fc.assert(fc.property(specs, seeds, gaps, law), { seed: 11, numRuns: 150 });
  });

  test('every pushed frame gets its row, even if gradients are flushed now and then (invariant 7)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = networkOf(spec, seed);
      const { inChannels, outChannels } = network;
      const chance = random(seed);
      const stream = network.stream({ gradients: true, maxPending: 1e5 });
      let [pushed, rows] = [0, 0];
      for (const length of cuts(seed, 40)) {
        stream.push(noise(seed, length * inChannels));
        pushed += length;
        const some = Math.floor(chance.uniform() * (stream.pending + 1));
        rows += stream.backward(noise(seed, some * outChannels)).length / inChannels;
        expect(rows).toBeLessThanOrEqual(pushed);
        if (chance.uniform() < 0.7) continue;
        rows += stream.flushGradient().length / inChannels;
        expect(rows).toBe(pushed);
        expect(stream.pending).toBe(0);
      }
      stream.flush();
      rows += stream.backward(noise(seed, stream.pending * outChannels)).length / inChannels;
      rows += stream.flushGradient().length / inChannels;
      expect(rows).toBe(pushed);
      for (const { data } of Object.values(stream.gradients())) expect(data.every(Number.isFinite)).toBe(true);
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 8, numRuns: 150 });
  });

  test('skip equals pushing invalid zeros, bit for bit, during the gap and after it', () => {
    const law = (spec: NetworkSpec, seed: number, gap: number) => {
      const network = networkOf(spec, seed);
      const { inChannels } = spec;
      const [skipped, pushed, jumped] = [network.stream(), network.stream(), network.stream()];
      const learning = network.stream({ gradients: true, maxPending: 1e5 });
      const before = noise(seed, (seed % 10) * inChannels);
      const after = noise(seed + 1, 60 * inChannels);
      for (const stream of [skipped, pushed, jumped, learning]) stream.push(before);
      expect(bits(skipped.skip(gap))).toEqual(
        bits(pushed.push(new Float32Array(gap * inChannels), new Uint8Array(gap))),
      );
      expect([...skipped.valid]).toEqual([...pushed.valid]);
      jumped.jump(gap);
      learning.jump(gap);
      const restored = network.restore(skipped.save());
      const expected = bits(pushed.push(after));
      for (const stream of [skipped, jumped, learning, restored]) {
        expect(bits(stream.push(after))).toEqual(expected);
        expect(stream.index).toBe(pushed.index);
        expect([...stream.valid]).toEqual([...pushed.valid]);
      }
      const tail = bits(pushed.flush());
      for (const stream of [skipped, jumped, learning, restored]) expect(bits(stream.flush())).toEqual(tail);
    };
    fc.assert(fc.property(specs, seeds, fc.nat({ max: 400 }), law), { seed: 3, numRuns: 200 });
  });

  test('outputs do not depend on later frames: a change of frame t changes no output aligned before t (invariant 4)', () => {
    // the other paddings copy later frames to positions before frame 0, and the stream waits for them
    const blind = specs.map((spec) =>
      mapLayers(spec, (layer) =>
        layer.type === 'conv1d' && !['zeros', 'constant', 'edge'].includes(layer.padding!)
          ? { ...layer, padding: 'edge' }
          : layer,
      ),
    );
    const law = (spec: NetworkSpec, seed: number, t: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, 30 * spec.inChannels);
      const changed = x.map((sample, i) => (i < t * spec.inChannels ? sample : 3 - sample));
      const [y, other] = [network.apply(x), network.apply(changed)];
      let unaffected = 0;
      while (unaffected * network.outChannels < y.length && alignedFrameOfStack(spec.layers, unaffected) < t)
        unaffected++;
      const firstAffected = unaffected * network.outChannels;
      expect(bits(other.subarray(0, firstAffected))).toEqual(bits(y.subarray(0, firstAffected)));
    };
    fc.assert(fc.property(blind, seeds, fc.integer({ min: 1, max: 29 }), law), { seed: 4, numRuns: 150 });
  });

  test('a NaN changes only outputs that are NaN and invalid (invariant 12)', () => {
    // a running norm depends on all earlier samples
    const forgetful = specs.filter(
      (spec) => !hasLayer(spec, (layer) => layer.type === 'norm' && layer.kind === 'running'),
    );
    const law = (spec: NetworkSpec, seed: number, at: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, 40 * spec.inChannels);
      const poisoned = x.with(at % x.length, [NaN, Infinity, -Infinity][seed % 3]);
      const clean = network.stream().push(x);
      const stream = network.stream();
      const y = stream.push(poisoned);
      for (let i = 0; i < y.length; i++) {
        if (Object.is(y[i], clean[i])) continue;
        expect(y[i]).toBeNaN();
        expect(stream.valid[Math.floor(i / network.outChannels)]).toBe(0);
      }
    };
    fc.assert(fc.property(forgetful, seeds, fc.nat(), law), { seed: 12, numRuns: 150 });
  });

  test('a NaN reaches no weight gradient, whatever its own gradient is (invariant 12)', () => {
    const law = (spec: NetworkSpec, seed: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, 30 * spec.inChannels);
      x[7 * spec.inChannels] = NaN;
      x[19 * spec.inChannels] = -Infinity;
      const stream = network.stream({ gradients: true, maxPending: 1e5 });
      const y = stream.push(x);
      stream.backward(y.map((value) => (seed % 2 ? value : 1)));
      stream.flushGradient();
      for (const { data } of Object.values(stream.gradients())) expect(data.every(Number.isFinite)).toBe(true);
    };
    fc.assert(fc.property(specs, seeds, law), { seed: 13, numRuns: 150 });
  });
});

describe('a single convolution', () => {
  const kernels = fc.record({
    kernelSize: fc.integer({ min: 1, max: 9 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 4 }),
  });

  test('reproduces its kernel for an impulse, tap by tap (invariant 1)', () => {
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

  test('with stride S gives every S-th output of stride 1, starting at its phase, in every mode and padding (invariant 6)', () => {
    const law = (layer: LayerSpec, seed: number) => {
      const { stride = 1, phase = 0 } = layer as { stride?: number; phase?: number };
      const every = { ...layer, stride: 1, ...('phase' in layer && { phase: 0 }) } as LayerSpec;
      const dense = networkOf({ inChannels: 2, layers: [every] }, seed);
      const strided = Network.create({ inChannels: 2, layers: [layer] }, { weights: dense.weights() });
      const x = noise(seed, 2 * 50);
      const rows = [...dense.apply(x)].filter((_, i) => Math.floor(i / dense.outChannels) % stride === phase);
      expect(bits(strided.apply(x))).toEqual(bits(rows));
    };
    fc.assert(fc.property(fc.oneof({ weight: 3, arbitrary: convolutions }, pools), seeds, law), {
      seed: 6,
      numRuns: 150,
    });
  });

  test('is linear, shifts with its input, and does not depend on the order of its channels (invariant 5)', () => {
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

describe('invalid arguments are rejected before anything changes', () => {
  const network = Network.create({ inChannels: 2, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] });
  test.each([
    ['half a frame', () => network.stream().push([1, 2, 3]), 'x.length must be a multiple of the 2 channels, got 3'],
    [
      'wrong validity',
      () => network.stream().push([1, 2], [1, 1]),
      'valid.length must be 1, one byte per frame of x, got 2',
    ],
    [
      'an array that is too small',
      () => network.stream().pushInto([1, 2], new Float32Array(0)),
      'out.length must be >= 1, got 0',
    ],
    [
      'gradients without pending outputs',
      () => network.stream({ gradients: true }).backward([1]),
      'frames of gradY must be <= 0, the outputs without a gradient, got 1',
    ],
    [
      'more pending outputs than allowed',
      () => network.stream({ gradients: true, maxPending: 3 }).push(new Float32Array(8)),
      'outputs without a gradient must be <= maxPending = 3, got 4',
    ],
    [
      'backward without gradients',
      () => network.stream().backward([]),
      'stream must be created with { gradients: true }',
    ],
  ])('%s', (_, act, sentence) => expect(act).toThrow(sentence));

  test('a rejected push does not change the stream', () => {
    const stream = network.stream({ gradients: true, maxPending: 3 });
    const twin = network.stream();
    expect(() => stream.push(new Float32Array(8))).toThrow(RangeError);
    expect(() => stream.push([1])).toThrow(RangeError);
    expect(stream.push([1, 2, 3, 4])).toEqual(twin.push([1, 2, 3, 4]));
  });
});
