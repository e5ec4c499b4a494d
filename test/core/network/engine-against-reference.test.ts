import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import type { StreamOptions } from '../../../src/core/network/stream-options.ts';
import { networkGradients, runNetwork } from '../../../src/core/reference/network.ts';
import { expectClose } from '../../expect-close.ts';
import { convolutions, mapLayers, networkOf, noise, pools, seeds, specs, transposed } from './random-networks.ts';

/** Excludes layers that amplify float32 rounding by a million: logarithms near their floor and norms of tiny deviations. */
const tame = specs.map((spec) => mapLayers(spec, (layer) => (layer.type === 'log' ? { ...layer, alpha: 0.5 } : layer)));

/** Runs a whole recording through a stream, and returns its gradients for the random loss Σ g y. */
function streamed(network: Network, x: Float32Array, seed: number, valid?: Uint8Array, options?: StreamOptions) {
  const stream = network.stream({ gradients: true, maxPending: 1e5, ...options });
  const y = [...stream.push(x, valid)];
  const real = [...stream.valid];
  y.push(...stream.flush());
  real.push(...stream.valid);
  const g = noise(seed, y.length);
  const dx = [...stream.backward(g), ...stream.flushGradient()];
  return { y, valid: real, g, dx, gradients: stream.gradients() };
}

function expectReference(
  spec: NetworkSpec,
  network: Network,
  run: ReturnType<typeof streamed>,
  x: Float32Array,
  valid?: Uint8Array,
) {
  const weights = network.weights();
  const reference = runNetwork(spec, weights, x, valid);
  expect(run.valid).toEqual([...reference.valid]);
  expectClose(run.y, reference.output, 1e-4);
  const expected = networkGradients(spec, weights, x, run.g, valid);
  expectClose(run.dx, expected.input, 1e-4);
  expect(Object.keys(run.gradients).sort()).toEqual(Object.keys(expected.weights).sort());
  for (const [name, { shape, data }] of Object.entries(run.gradients)) {
    expect(shape).toEqual(expected.weights[name].shape);
    expectClose(data, expected.weights[name].data, 1e-4);
  }
}

describe('the streaming engine equals the reference', () => {
  test('outputs, validity and every gradient, for recordings of any length (invariants 3 and 7)', () => {
    const law = (spec: NetworkSpec, seed: number, frames: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, frames * spec.inChannels);
      expectReference(spec, network, streamed(network, x, seed + 1), x);
    };
    const frames = fc.oneof(fc.nat({ max: 5 }), fc.integer({ min: 6, max: 30 }));
    fc.assert(fc.property(tame, seeds, frames, law), { seed: 4, numRuns: 400 });
  });

  test('of a stream with gaps, where missing frames are 0 and invalid', () => {
    const law = (spec: NetworkSpec, seed: number, from: number, count: number) => {
      const network = networkOf(spec, seed);
      const C = spec.inChannels;
      const x = noise(seed, 30 * C).fill(0, from * C, (from + count) * C);
      const valid = new Uint8Array(30).fill(1).fill(0, from, from + count);
      expectReference(spec, network, streamed(network, x, seed + 1, valid), x, valid);
    };
    fc.assert(fc.property(tame, seeds, fc.nat({ max: 20 }), fc.nat({ max: 12 }), law), { seed: 5, numRuns: 100 });
  });

  test('of samples that are often equal, among which pools must choose', () => {
    const layers: fc.Arbitrary<LayerSpec[]> = fc.oneof(
      fc.tuple(pools),
      fc.tuple(pools).map((layers): LayerSpec[] => [{ type: 'residual', layers }, { type: 'abs' }]),
    );
    const law = (layers: LayerSpec[], seed: number) => {
      const spec: NetworkSpec = { inChannels: 2, layers };
      const network = networkOf(spec, seed);
      const x = noise(seed, 40).map(Math.round);
      expectReference(spec, network, streamed(network, x, seed + 1), x);
    };
    fc.assert(fc.property(layers, seeds, law), { seed: 6, numRuns: 100 });
  });

  test('of a prewarmed stream, which equals padding with the first frame on every layer', () => {
    const law = (spec: NetworkSpec, seed: number, frames: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, frames * spec.inChannels);
      const run = streamed(network, x, seed + 1, undefined, { prewarm: true });
      const edged = mapLayers(spec, (layer) => (layer.type === 'conv1d' ? { ...layer, padding: 'edge' } : layer));
      expectReference(edged, network, run, x);
      const whole = networkOf(edged, seed);
      expect(run).toEqual(streamed(whole, x, seed + 1));
      const stream = network.stream({ prewarm: true });
      const expected = stream.outputsFor(frames);
      expect(stream.push(x).length).toBe(expected * network.outChannels);
    };
    fc.assert(fc.property(tame, seeds, fc.nat({ max: 20 }), law), { seed: 7, numRuns: 100 });
  });

  test('of non-finite samples: NaN wherever the reference has it, and nowhere else (invariant 12)', () => {
    const law = (spec: NetworkSpec, seed: number, at: number) => {
      const network = networkOf(spec, seed);
      const x = noise(seed, 30 * spec.inChannels);
      x[at % x.length] = NaN;
      x[(7 * at) % x.length] = at % 2 ? Infinity : -Infinity;
      const { y, valid } = streamed(network, x, seed);
      const reference = runNetwork(spec, network.weights(), x);
      expect(valid).toEqual([...reference.valid]);
      expect(y.map(Number.isNaN)).toEqual(Array.from(reference.output, Number.isNaN));
      const sound = (output: number) => (Number.isNaN(output) ? 0 : output);
      expectClose(y.map(sound), reference.output.map(sound), 1e-4);
    };
    fc.assert(fc.property(tame, seeds, fc.nat(), law), { seed: 8, numRuns: 200 });
  });

  test('of one convolution with non-finite samples: its gradients are those of all other outputs (invariant 12)', () => {
    const layers = fc.oneof(
      convolutions.map((layer): LayerSpec => ({ ...layer, padding: 'zeros' })),
      transposed,
    );
    const law = (layer: LayerSpec, seed: number, at: number) => {
      const spec: NetworkSpec = { inChannels: 2, layers: [layer] };
      const network = networkOf(spec, seed);
      const x = noise(seed, 40);
      const poisoned = x.with(at, NaN);
      const { output } = runNetwork(spec, network.weights(), poisoned);
      const { outChannels } = network;
      const deaf = (i: number) => {
        const n = Math.floor(i / outChannels) * outChannels;
        return output.subarray(n, n + outChannels).every((y) => !Number.isNaN(y));
      };
      const run = streamed(network, poisoned, seed);
      const g = run.g.map((slope, i) => (deaf(i) ? slope : 0));
      // without a gradient for the outputs that it affects, the sample can be replaced by 0
      const expected = networkGradients(spec, network.weights(), x.with(at, 0), g);
      expectClose(run.dx, expected.input, 1e-4);
      for (const [name, { data }] of Object.entries(run.gradients))
        expectClose(data, expected.weights[name].data, 1e-4);
    };
    fc.assert(fc.property(layers, seeds, fc.nat({ max: 39 }), law), { seed: 9, numRuns: 100 });
  });
});
