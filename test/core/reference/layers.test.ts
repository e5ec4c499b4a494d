import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { conv1dGradients } from '../../../src/core/reference/conv1d.ts';
import { convTranspose1d, convTranspose1dGradients } from '../../../src/core/reference/conv-transpose1d.ts';
import { skipCounts, alignedFrame } from '../../../src/core/reference/alignment.ts';
import { linear } from '../../../src/core/reference/linear.ts';
import { maxPool, maxPoolGradient } from '../../../src/core/reference/pool.ts';
import { runNetwork } from '../../../src/core/reference/network.ts';
import { runningNorm, runningNormGradient, runningStatistics } from '../../../src/core/reference/norm.ts';
import { softmax } from '../../../src/core/reference/activation.ts';
import { expectClose } from '../../expect-close.ts';
import { expectSlopes, normals, randomWeights } from './expect-slopes.ts';

const conv = (rest: object): LayerSpec => ({ type: 'conv1d', outChannels: 2, kernelSize: 3, ...rest });
const up = (rest: object = {}): LayerSpec => ({ type: 'convTranspose1d', outChannels: 2, kernelSize: 4, ...rest });

describe('its gradients equal finite differences', () => {
  test.each<[string, LayerSpec[]]>([
    ['linear', [{ type: 'linear', outChannels: 3 }]],
    ['linear without a bias', [{ type: 'linear', outChannels: 1, bias: false }]],
    ['conv1d', [conv({ groups: 2, mode: 'same', padding: 'reflect' })]],
    ['convTranspose1d', [up({ stride: 2 })]],
    ['convTranspose1d with gaps between its outputs', [up({ kernelSize: 2, stride: 5, dilation: 2, groups: 2 })]],
    ['convTranspose1d with far taps', [up({ kernelSize: 3, stride: 2, dilation: 5, bias: false })]],
    ['maxPool', [{ type: 'maxPool', kernelSize: 3, stride: 2 }]],
    ['avgPool', [{ type: 'avgPool', kernelSize: 3, stride: 1 }]],
    ['affine norm', [{ type: 'norm', kind: 'affine' }]],
    ['gelu', [{ type: 'gelu' }]],
    ['softplus', [{ type: 'softplus' }]],
    ['softmax', [{ type: 'softmax' }]],
    ['residual', [{ type: 'residual', layers: [conv({ mode: 'full' }), { type: 'tanh' }, conv({})] }]],
    ['residual that thins out', [{ type: 'residual', layers: [conv({ mode: 'same', stride: 2 })] }]],
    ['residual that upsamples', [{ type: 'residual', layers: [up({ stride: 3, kernelSize: 2 })] }]],
    ['residual with nothing in it', [{ type: 'residual', layers: [] }]],
    [
      'concat',
      [
        { type: 'concat', branches: [[], [conv({ mode: 'valid' })], [{ type: 'softmax' }, conv({ mode: 'full' })]] },
        { type: 'linear', outChannels: 2 },
      ],
    ],
    ['concat at half the rate', [{ type: 'concat', branches: [[conv({ stride: 2 })], [conv({ stride: 2 })]] }]],
    [
      'a residual in a branch',
      [{ type: 'concat', branches: [[], [{ type: 'residual', layers: [conv({ groups: 2 })] }, { type: 'gelu' }]] }],
    ],
  ])('%s', (_, layers) => {
    for (const frames of [0, 1, 2, 9]) expectSlopes({ inChannels: 2, layers }, frames, 3);
  });
});

test('a linear layer is a convolution with one tap', () => {
  const weights = randomWeights({ inChannels: 3, layers: [{ type: 'linear', outChannels: 2 }] }, 1);
  const x = normals(3 * 7, 2);
  const { output } = runNetwork(
    { inChannels: 3, layers: [{ type: 'conv1d', outChannels: 2, kernelSize: 1 }] },
    weights,
    x,
  );
  const { 'layers.0.weight': w, 'layers.0.bias': b } = weights;
  expectClose(linear(x, w.data, b.data, { inChannels: 3, outChannels: 2 }), output, 1e-12);
});

describe('a transposed convolution', () => {
  test('equals ∂L/∂x of the convolution with the reversed kernel, padded with zeros to S outputs per input', () => {
    const shapes = fc.record({
      frames: fc.integer({ min: 1, max: 8 }),
      kernelSize: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 6 }),
      dilation: fc.integer({ min: 1, max: 4 }),
      groups: fc.constantFrom(1, 2),
    });
    const law = ({ frames, ...shape }: { frames: number; kernelSize: number; groups: number; stride: number }) => {
      const layer = { ...shape, inChannels: 4, outChannels: 2 };
      const taps = layer.kernelSize;
      const [I, O] = [4 / layer.groups, 2 / layer.groups];
      const x = normals(frames * 4, 5);
      const w = normals((2 * taps * 4) / layer.groups, 6);
      const y = convTranspose1d(x, w, null, layer);
      expect(y.length / 2).toBeGreaterThanOrEqual(frames * layer.stride);

      // the transposed weights: [in, reversed taps, out/groups]
      const turned = new Float64Array(w.length);
      for (let o = 0; o < 2; o++)
        for (let k = 0; k < taps; k++)
          for (let c = 0; c < I; c++) {
            const input = Math.floor(o / O) * I + c;
            turned[(input * taps + taps - 1 - k) * O + (o % O)] = w[(o * taps + k) * I + c];
          }
      const back = { ...layer, inChannels: 2, outChannels: 4, mode: 'valid' as const };
      expectClose(conv1dGradients(y, turned, pad(x, y, back), back).input, y, 1e-12);
    };
    /** Returns x padded with zeros for the windows after its end, where K < S. */
    const pad = (x: Float64Array, y: Float64Array, { kernelSize = 1, dilation = 1, stride = 1 }) => {
      const outputs = Math.floor((y.length / 2 - (kernelSize - 1) * dilation - 1) / stride) + 1;
      const padded = new Float64Array(outputs * 4);
      padded.set(x);
      return padded;
    };
    fc.assert(fc.property(shapes, law), { seed: 1, numRuns: 100 });
  });

  test('with stride 2 equals a result computed by hand', () => {
    const layer = { inChannels: 1, outChannels: 1, kernelSize: 3, stride: 2 };
    expect([...convTranspose1d([1, 10], [1, 2, 3], [0.5], layer)]).toEqual([1.5, 2.5, 13.5, 20.5, 30.5]);
    expect([...convTranspose1d([1, 10], [7], null, { ...layer, kernelSize: 1, stride: 3 })]).toEqual([
      7, 0, 0, 70, 0, 0,
    ]);
    expect(convTranspose1d([], [1, 2, 3], null, layer)).toHaveLength(0);
  });

  test('rejects shapes that do not fit', () => {
    const layer = { inChannels: 2, outChannels: 2, kernelSize: 1 };
    expect(() => convTranspose1d([1, 2], [1], null, layer)).toThrow(
      new RangeError('w.length must be 2 kernels x 1 taps x 2 channels, got 1'),
    );
    expect(() => convTranspose1dGradients([1, 2], [1, 2, 3, 4], [1], layer)).toThrow(
      new RangeError('g.length must be 1 outputs x 2 channels, got 1'),
    );
  });
});

test('max pooling passes its gradient to the oldest of equal samples, and NaN counts as the largest', () => {
  const pool = { kernelSize: 3, stride: 1 };
  expect([...maxPool([1, 5, 5, 2, NaN, 9], 1, pool)]).toEqual([5, 5, NaN, NaN]);
  expect([...maxPoolGradient([1, 5, 5, 2, NaN, 9], 1, [1, 2, 4, 8], pool)]).toEqual([0, 3, 0, 0, 12, 0]);
});

test('softmax sums to 1, for inputs of any size', () => {
  const y = softmax([1, 2, 3, 1001, 1002, 1003], 3);
  expectClose(y.subarray(0, 3), [0.09003057317038046, 0.24472847105479764, 0.6652409557748218], 1e-12);
  expect(y.subarray(3)).toEqual(y.subarray(0, 3));
});

describe('a running norm', () => {
  const x = normals(2 * 60, 4);

  test('uses the mean and standard deviation of all frames at the start', () => {
    const { mean, scale } = runningStatistics(x, 1, new Uint8Array(120).fill(1), 1e6);
    const average = x.reduce((sum, sample) => sum + sample, 0) / 120;
    const variance = x.reduce((sum, sample) => sum + (sample - average) ** 2, 0) / 120;
    expect(mean[119]).toBeCloseTo(average, 12);
    expect(scale[119]).toBeCloseTo(1 / Math.sqrt(variance), 6);
  });

  test('treats its statistics as constants in the gradient', () => {
    const statistics = runningStatistics(x, 2, new Uint8Array(60).fill(1), 7);
    const g = normals(x.length, 5);
    const slope = (i: number) => {
      const loss = (by: number) =>
        runningNorm(x.with(i, x[i] + by), statistics).reduce((sum, y, j) => sum + g[j] * y, 0);
      return (loss(0.5) - loss(-0.5)) / 1;
    };
    expectClose(
      runningNormGradient(g, statistics),
      Array.from(x, (_, i) => slope(i)),
      1e-9,
    );
  });

  test('does not count missing frames, and gives 0 for a constant channel', () => {
    const valid = Uint8Array.of(1, 0, 1, 1);
    const { mean, scale } = runningStatistics([3, 100, 3, NaN], 1, valid, 10);
    expect([...mean]).toEqual([3, 3, 3, 3]);
    expect([...scale]).toEqual([0, 0, 0, 0]);
  });
});

describe('outputs that are aligned with the same frame are combined', () => {
  test('in a residual, where the tail has no shortcut', () => {
    const weights = { 'layers.0.layers.0.weight': { shape: [1, 3, 1], data: [1, 10, 100] } };
    const inner = { type: 'conv1d' as const, outChannels: 1, kernelSize: 3, bias: false };
    const run = (rest: object) =>
      runNetwork(
        { inChannels: 1, layers: [{ type: 'residual', layers: [{ ...inner, ...rest }] }] },
        weights,
        [1, 2, 3],
      );
    expect([...run({ mode: 'full' }).output]).toEqual([1 + 1, 12 + 2, 123 + 3, 230, 300]);
    expect([...run({ mode: 'valid' }).output]).toEqual([123 + 3]);
    expect([...run({ mode: 'same' }).output]).toEqual([12 + 2, 123 + 3, 230]);
    expect([...run({ mode: 'same' }).valid]).toEqual([0, 1, 0]);
  });

  test('in a concat, where earlier outputs are skipped', () => {
    const pool = { type: 'avgPool' as const, kernelSize: 3, stride: 1 };
    const { output } = runNetwork(
      { inChannels: 1, layers: [{ type: 'concat', branches: [[], [pool]] }] },
      {},
      [3, 6, 9, 12],
    );
    expect([...output]).toEqual([9, 6, 12, 9]);
    expect(skipCounts([[], [pool]])).toEqual([2, 0]);
  });

  test('also with different ways of upsampling', () => {
    const double = up({ stride: 2 });
    const late = conv({ mode: 'valid', kernelSize: 2 });
    expect(skipCounts([[double], [double, late]])).toEqual([1, 0]);
    expect([0, 1, 2, 3].map((n) => alignedFrame({ type: 'concat', branches: [[double], [double, late]] }, n))).toEqual([
      0, 1, 1, 2,
    ]);
    expect(() => skipCounts([[], [double]])).toThrow(RangeError);
  });
});
