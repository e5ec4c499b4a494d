import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../../../src/core/random.ts';
import { conv1d, conv1dGradients, type ReferenceConv1d } from '../../../src/core/reference/conv1d.ts';
import { convolve, correlate } from '../../../src/core/reference/convolution.ts';
import { pad, type PadMode } from '../../../src/core/reference/padding.ts';
import { lagOrder } from './lag-order.ts';

const close = (a: ArrayLike<number>, b: ArrayLike<number>, tolerance = 1e-9): void => {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(tolerance);
};
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
const normals = (count: number, seed: number): Float64Array => {
  const chance = random(seed);
  return Float64Array.from({ length: count }, () => chance.normal());
};
/** g with S - 1 zeros between its samples and `tail` zeros after the last. */
const spread = (g: ArrayLike<number>, stride: number, tail: number): Float64Array => {
  const wide = new Float64Array((g.length - 1) * stride + 1 + tail);
  for (let n = 0; n < g.length; n++) wide[n * stride] = g[n];
  return wide;
};

const paddings = ['zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'] as const;
const seed = fc.integer({ min: 0, max: 2 ** 31 });

/** Any layer, with a recording of `frames` frames. */
const anyLayer = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    inEach: fc.integer({ min: 1, max: 2 }),
    outEach: fc.integer({ min: 1, max: 2 }),
    kernelSize: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom(...paddings),
    padValue: fc.integer({ min: -2, max: 2 }),
    statLength: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    period: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    frames: fc.integer({ min: 1, max: 14 }),
    seed,
  })
  .chain(({ groups, inEach, outEach, ...rest }) => {
    const side = fc.integer({ min: 0, max: (rest.kernelSize - 1) * rest.dilation });
    const mode = fc.oneof(
      fc.constantFrom('causal' as const, 'valid' as const, 'same' as const, 'full' as const),
      fc.tuple(side, side),
    );
    const layer = { ...rest, groups, inChannels: groups * inEach, outChannels: groups * outEach };
    return fc
      .record({ mode, phase: fc.integer({ min: 0, max: rest.stride - 1 }) })
      .map((where) => ({ ...layer, mode: where.mode, phase: where.mode === 'causal' ? where.phase : undefined }));
  });

const inputs = (layer: ReferenceConv1d & { frames: number; seed: number }) => ({
  x: normals(layer.frames * layer.inChannels, layer.seed),
  w: normals((layer.outChannels * layer.kernelSize * layer.inChannels) / (layer.groups ?? 1), layer.seed + 1),
  b: normals(layer.outChannels, layer.seed + 2),
});

describe('one channel', () => {
  const one = { inChannels: 1, outChannels: 1 };

  test('full, same and valid are those of convolve', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 9 }), seed, (taps, more, from) => {
        const x = normals(taps + more, from);
        const w = normals(taps, from + 1);
        for (const mode of ['full', 'same', 'valid'] as const)
          close(conv1d(x, w, null, { ...one, kernelSize: taps, mode }), convolve(x, w, { mode }));
      }),
      { seed: 11 },
    );
  });

  test('a valid layer with a stride has no output when its kernel is longer than the recording, where convolve swaps', () => {
    expect(conv1d([1, 2], [1, 1, 1], null, { ...one, kernelSize: 3, mode: 'valid', stride: 2 })).toHaveLength(0);
    expect(convolve([1, 2], [1, 1, 1], { mode: 'valid', stride: 2 })).toHaveLength(1);
  });

  test('a padded layer is a valid one on the padded recording', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        fc.constantFrom<PadMode>('constant', 'edge', 'reflect', 'symmetric', 'wrap', 'mean', 'median'),
        fc.nat(20),
        fc.nat(20),
        seed,
        (taps, frames, padding, a, b, from) => {
          const x = normals(frames, from);
          const w = normals(taps, from + 1);
          const sides = [a % taps, b % taps] as const;
          const layer = { ...one, kernelSize: taps, padding, padValue: 3, statLength: 2 };
          close(
            conv1d(x, w, null, { ...layer, mode: sides }),
            conv1d(pad(x, sides, padding, { value: 3, statLength: 2 }), w, null, { ...layer, mode: 'valid' }),
          );
        },
      ),
      { seed: 12 },
    );
  });

  test('wrap with a period repeats the first period before the recording and the last one after it', () => {
    const layer = { ...one, kernelSize: 4, mode: [3, 0] as const, padding: 'wrap' as const, period: 2 };
    expect(Array.from(conv1d([1, 2, 3], [0, 0, 0, 1], null, layer))).toEqual([2, 1, 2]);
    const after = { ...layer, mode: [0, 3] as const };
    expect(Array.from(conv1d([1, 2, 3], [1, 0, 0, 0], null, after))).toEqual([2, 3, 2]);
  });
});

describe('the gradients of one channel are convolutions (the article)', () => {
  test('∂L/∂x convolves g, zeros inserted for the stride, with the reversed kernel', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        seed,
        (taps, more, stride, from) => {
          const x = normals(taps + more, from);
          const w = normals(taps, from + 1);
          const layer = { inChannels: 1, outChannels: 1, kernelSize: taps, stride, mode: 'valid' as const };
          const g = normals(conv1d(x, w, null, layer).length, from + 2);
          const wide = spread(g, stride, more % stride);
          const { input, weight } = conv1dGradients(x, w, g, layer);
          close(input, convolve(wide, Float64Array.from(w).reverse()));
          close(input, correlate(wide, w, { mode: 'full' }));
          close(weight, convolve(Float64Array.from(x).reverse(), wide, { mode: 'valid' }));
        },
      ),
      { seed: 13 },
    );
  });

  test('of a full layer, ∂L/∂x is the valid part and ∂L/∂w correlates the recording at every lag', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 9 }), seed, (taps, more, from) => {
        const x = normals(taps + more, from);
        const w = normals(taps, from + 1);
        const g = normals(x.length + taps - 1, from + 2);
        const layer = { inChannels: 1, outChannels: 1, kernelSize: taps, mode: 'full' as const };
        const { input, weight } = conv1dGradients(x, w, g, layer);
        close(input, correlate(g, w));
        close(weight, correlate(g, x));
      }),
      { seed: 14 },
    );
  });
});

describe('any layer', () => {
  test('is linear in its weights: Σ g (y - b) = Σ ∂L/∂w w, and ∂L/∂b = Σ g', () => {
    fc.assert(
      fc.property(anyLayer, (layer) => {
        const { x, w, b } = inputs(layer);
        const y = conv1d(x, w, null, layer);
        const g = normals(y.length, layer.seed + 3);
        const gradients = conv1dGradients(x, w, g, layer);
        expect(dot(gradients.weight, w)).toBeCloseTo(dot(g, y), 8);
        expect(dot(gradients.bias, b)).toBeCloseTo(dot(g, conv1d(x, w, b, layer)) - dot(g, y), 8);
      }),
      { seed: 15, numRuns: 200 },
    );
  });

  test('has an input gradient that equals a finite difference of the loss, including copied frames', () => {
    fc.assert(
      fc.property(anyLayer, fc.nat(), (layer, place) => {
        fc.pre(layer.padding !== 'mean' && layer.padding !== 'median');
        const { x, w } = inputs(layer);
        const g = normals(conv1d(x, w, null, layer).length, layer.seed + 3);
        const moved = (by: number): number => {
          const other = Float64Array.from(x);
          other[place % x.length] += by;
          return dot(g, conv1d(other, w, null, layer));
        };
        const { input } = conv1dGradients(x, w, g, layer);
        expect(input[place % x.length]).toBeCloseTo(moved(0.5) - moved(-0.5), 8);
      }),
      { seed: 16, numRuns: 200 },
    );
  });

  test('passes no gradient to a mean or a median, like zeros', () => {
    fc.assert(
      fc.property(anyLayer, (layer) => {
        fc.pre(layer.padding === 'mean' || layer.padding === 'median');
        const { x, w } = inputs(layer);
        const g = normals(conv1d(x, w, null, layer).length, layer.seed + 3);
        const zeros = { ...layer, padding: 'zeros' as const };
        expect(conv1dGradients(x, w, g, layer).input).toEqual(conv1dGradients(x, w, g, zeros).input);
      }),
      { seed: 17, numRuns: 200 },
    );
  });

  test('with stride S and phase 0 gives every S-th output of stride 1', () => {
    fc.assert(
      fc.property(anyLayer, (layer) => {
        const { x, w, b } = inputs(layer);
        const phase = layer.mode === 'causal' ? 0 : undefined;
        const every = conv1d(x, w, b, { ...layer, phase, stride: 1 });
        expect(conv1d(x, w, b, { ...layer, phase })).toEqual(
          every.filter((_, i) => Math.floor(i / layer.outChannels) % layer.stride === 0),
        );
      }),
      { seed: 18 },
    );
  });

  test('in mode causal or valid does not depend on later frames', () => {
    fc.assert(
      fc.property(anyLayer, fc.nat(), (layer, cut) => {
        fc.pre(layer.mode === 'causal' || layer.mode === 'valid');
        fc.pre(layer.padding === 'zeros' || layer.padding === 'constant');
        const { x, w, b } = inputs(layer);
        const known = conv1d(x.subarray(0, (cut % (layer.frames + 1)) * layer.inChannels), w, b, layer);
        expect(conv1d(x, w, b, layer).subarray(0, known.length)).toEqual(known);
      }),
      { seed: 19 },
    );
  });
});

interface Tensor {
  shape: number[];
  data: number[];
}
interface VectorCase extends Record<
  'x' | 'weight_torch' | 'bias' | 'y' | 'grad_y' | 'grad_x' | 'grad_weight_torch' | 'grad_bias',
  Tensor
> {
  in_channels: number;
  out_channels: number;
  taps: number;
  stride: number;
  dilation: number;
  groups: number;
  phase: number;
  padding: 'zeros' | 'replicate';
}

describe('PyTorch', () => {
  const { cases } = JSON.parse(readFileSync(new URL('../../vectors/conv.json', import.meta.url), 'utf8')) as {
    cases: VectorCase[];
  };
  test.each(cases.map((c, i) => [i, c] as const))(
    'gives the same outputs and gradients in case %i, to 1e-9',
    (_, c) => {
      const layer: ReferenceConv1d = {
        inChannels: c.in_channels,
        outChannels: c.out_channels,
        kernelSize: c.taps,
        stride: c.stride,
        dilation: c.dilation,
        groups: c.groups,
        phase: c.phase,
        padding: c.padding === 'replicate' ? 'edge' : 'zeros',
      };
      const w = lagOrder(c.weight_torch);
      close(conv1d(c.x.data, w, c.bias.data, layer), c.y.data);
      const gradients = conv1dGradients(c.x.data, w, c.grad_y.data, layer);
      close(gradients.input, c.grad_x.data);
      close(gradients.weight, lagOrder(c.grad_weight_torch));
      close(gradients.bias, c.grad_bias.data);
    },
  );
});

test('rejects shapes that do not fit, padding that is too wide, and an invalid phase', () => {
  const layer = { inChannels: 2, outChannels: 2, kernelSize: 2 };
  const w = new Float64Array(8);
  expect(() => conv1d([1, 2, 3], w, null, layer)).toThrow(
    new RangeError('x.length must be a multiple of the 2 channels, got 3'),
  );
  expect(() => conv1d([1, 2], [1], null, layer)).toThrow(
    new RangeError('w.length must be 2 kernels x 2 taps x 2 channels, got 1'),
  );
  expect(() => conv1d([1, 2], w, [1], layer)).toThrow(
    new RangeError('b.length must be 2, one per output channel, got 1'),
  );
  expect(() => conv1d([1, 2], w, null, { ...layer, groups: 3 })).toThrow(
    new RangeError('groups must be a divisor of 2 input and 2 output channels, got 3'),
  );
  expect(() => conv1d([1, 2], w, null, { ...layer, mode: [0, 2] })).toThrow(
    new RangeError('right must be an integer <= 1, got 2'),
  );
  expect(() => conv1d([1, 2], w, null, { ...layer, stride: 2, phase: 2 })).toThrow(
    new RangeError('phase must be < its stride 2, got 2'),
  );
  expect(() => conv1dGradients([1, 2], w, [1], layer)).toThrow(
    new RangeError('g.length must be 1 outputs x 2 channels, got 1'),
  );
});
