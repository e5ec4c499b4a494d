import { expect } from 'vitest';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { random } from '../../../src/core/random.ts';
import { networkGradients, runNetwork, type ReferenceWeights } from '../../../src/core/reference/network.ts';
import { Network } from '../../../src/core/network/network.ts';

export function normals(count: number, seed: number): Float64Array {
  const chance = random(seed);
  return Float64Array.from({ length: count }, () => chance.normal());
}

/** Weights for every parameter of `spec`, by name; random ones, so that no bias is 0. */
export function randomWeights(spec: NetworkSpec, seed: number): ReferenceWeights {
  const parameters = Object.entries(Network.create(spec).weights());
  return Object.fromEntries(
    parameters.map(([name, { shape, data }], i) => [name, { shape, data: normals(data.length, seed + i) }]),
  );
}

/** Expects the gradients of the reference, for a random loss Σ g y over `frames` frames, to equal finite differences. */
export function expectSlopes(spec: NetworkSpec, frames: number, seed: number): void {
  const weights = randomWeights(spec, seed);
  const x = normals(frames * spec.inChannels, seed + 100);
  const g = normals(runNetwork(spec, weights, x).output.length, seed + 200);
  const loss = (at: ArrayLike<number>, w: ReferenceWeights): number =>
    runNetwork(spec, w, at).output.reduce((sum, y, i) => sum + g[i] * y, 0);
  const step = 1e-5;
  const slopeAt = (data: ArrayLike<number>, i: number, lossAt: (moved: Float64Array) => number): number => {
    const by = (change: number): number => {
      const moved = Float64Array.from(data);
      moved[i] += change;
      return lossAt(moved);
    };
    return (by(step) - by(-step)) / (2 * step);
  };
  const found = networkGradients(spec, weights, x, g);
  const compare = (gradient: Float64Array, slope: (i: number) => number): void => {
    for (let i = 0; i < gradient.length; i++) {
      const expected = slope(i);
      expect(Math.abs(gradient[i] - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
    }
  };
  expect(found.input.length).toBe(x.length);
  compare(found.input, (i) => slopeAt(x, i, (moved) => loss(moved, weights)));
  expect(Object.keys(found.weights).sort()).toEqual(Object.keys(weights).sort());
  for (const [name, { shape, data }] of Object.entries(weights)) {
    expect(found.weights[name].shape).toEqual(shape);
    compare(found.weights[name].data, (i) =>
      slopeAt(data, i, (moved) => loss(x, { ...weights, [name]: { shape, data: moved } })),
    );
  }
}
