import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Kernels } from '../../../src/kernels/kernels.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { adam } from '../../../src/core/learning/optimizers/adam.ts';
import { autoStep } from '../../../src/core/learning/optimizers/auto-step.ts';
import type { Optimizer } from '../../../src/core/learning/optimizers/optimizer.ts';
import { nlms, sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { Engine } from '../../../src/core/memory/engine.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkStream } from '../../../src/core/network/network-stream.ts';
import { random, type Random } from '../../../src/core/random.ts';
import { noise } from './random-networks.ts';
import { stacks } from './random-stacks.ts';

/** Returns an engine with other kernels. */
function engineWith(change: (kernels: Kernels) => Partial<Kernels>): Engine {
  const engine = new Engine('simd');
  return Object.assign(engine, { kernels: { ...engine.kernels, ...change(engine.kernels) } });
}

/** Calls of the kernels that process a program, by name. */
const calls = { run: 0, backpropagate: 0, update: 0, learn: 0 };
const fast = engineWith((kernels) => ({
  run: (...args) => (calls.run++, kernels.run!(...args)),
  backpropagate: (...args) => (calls.backpropagate++, kernels.backpropagate!(...args)),
  update: (...args) => (calls.update++, kernels.update!(...args)),
  learn: (...args) => (calls.learn++, kernels.learn!(...args)),
}));
/** Processes streams layer by layer. */
const slow = engineWith(() => ({ run: undefined }));

const optimizers: readonly (() => Optimizer)[] = [
  () => sgd({ learningRate: 0.01 }),
  () => nlms({ learningRate: 0.1 }),
  () => sgd({ learningRate: 0.01, momentum: 0.5 }),
  () => adam({ learningRate: 0.01 }),
  () => autoStep(),
];

/** One learning stream, and all numbers that it has returned so far. */
class Run {
  readonly network: Network;
  readonly numbers: number[] = [];
  readonly #make: () => Optimizer;
  #optimizer: Optimizer;
  #stream: NetworkStream;

  constructor(engine: Engine, inChannels: number, layers: LayerSpec[], make: () => Optimizer, blind: boolean) {
    this.network = Network.create({ inChannels, layers }, { engine, seed: 3 });
    this.#make = make;
    this.#optimizer = make();
    this.#stream = this.network.stream({ gradients: true, skipInputGradient: blind, maxPending: 64 });
  }

  get pending(): number {
    return this.#stream.pending;
  }

  push(x: Float32Array, valid?: Uint8Array): void {
    const out = new Float32Array(64 * this.network.outChannels);
    const frames = this.#stream.pushInto(x, out, valid);
    this.#keep(out.subarray(0, frames * this.network.outChannels), this.#stream.valid);
  }

  feed(x: Float32Array): void {
    this.#stream.feed(x);
    this.#keepOutputs();
  }

  #keepOutputs(): void {
    const { f32 } = this.network.engine.arena;
    for (const { at, count, channels } of this.#stream.stack.outputs) this.#keep(f32.slice(at, at + count * channels));
  }

  backward(g: Float32Array, blind: boolean): void {
    const out = new Float32Array(4096);
    if (blind) this.#stream.accumulate(g);
    else this.#keep(out.subarray(0, this.#stream.backwardInto(g, out) * this.network.inChannels));
  }

  /** Learns from gradients and then pushes a frame, in one call or in several. */
  learn(g: Float32Array, x: Float32Array, blind: boolean, feeds: boolean, inOneCall: boolean): void {
    if (!inOneCall || this.#stream.stack.trained.length === 0) {
      this.backward(g, blind);
      this.step();
      if (feeds) this.feed(x);
      else this.push(x);
      return;
    }
    const { inChannels, outChannels } = this.network;
    const [dx, out] = [new Float32Array(4096), new Float32Array(64 * outChannels)];
    const count = this.#optimizer.learnInto!(this.network, this.#stream, g, blind ? null : dx, x, feeds ? null : out);
    if (!blind) this.#keep(dx.subarray(0, this.#stream.finalRows * inChannels));
    if (feeds) this.#keepOutputs();
    else this.#keep(out.subarray(0, count * outChannels), this.#stream.valid);
  }

  step(): void {
    if (this.#stream.stack.trained.length > 0) this.#optimizer.step(this.network, this.#stream);
  }

  /** Something that happens rarely. */
  disturb(kind: number, rng: Random): void {
    const stream = this.#stream;
    if (kind === 0) this.#keep(stream.flushGradient());
    else if (kind === 1) stream.truncateGradient();
    else if (kind === 2) stream.jump(1 + Math.floor(40 * rng.uniform()));
    else if (kind === 3) this.#restore();
    else if (kind === 4) for (const { data } of Object.values(stream.gradients())) this.#keep(data);
    else if (kind === 5) this.network.setWeights(mapWeights(this.network, () => 0.3 * rng.normal()));
    else if (kind === 6) stream.discardGradients();
    else if (kind === 7) this.#grow();
  }

  end(): void {
    for (const { data } of Object.values(this.network.weights())) this.#keep(data);
    for (const { data } of Object.values(this.#stream.gradients())) this.#keep(data);
    this.#keep(this.#stream.flushGradient());
    this.#stream.close();
  }

  #restore(): void {
    const [state, bytes] = [this.#optimizer.save(), this.#stream.save()];
    this.#stream.close();
    this.#stream = this.network.restore(bytes);
    this.#optimizer = this.#make();
    this.#optimizer.restore(state);
  }

  /** Makes the engine replace its memory. */
  #grow(): void {
    const { arena } = this.network.engine;
    const size = arena.f32.length;
    if (size < 1 << 21) arena.release(arena.allocate(size), size);
  }

  #keep(...arrays: ArrayLike<number>[]): void {
    for (const array of arrays) this.numbers.push(array.length, ...Array.from(array));
  }
}

function mapWeights(network: Network, number: () => number) {
  const weights = Object.entries(network.weights());
  return Object.fromEntries(weights.map(([name, { shape, data }]) => [name, { shape, data: data.map(number) }]));
}

/** Learns from random blocks, with random gaps, non-finite samples, and zero gradients, the same in both runs. */
function drive(runs: readonly Run[], seed: number, blind: boolean, rate: number): void {
  const rng = random(seed);
  const { inChannels, outChannels } = runs[0].network;
  for (let i = 0; i < 150; i++) {
    const frames = rng.uniform() < 0.8 ? 1 : 1 + Math.floor((rng.uniform() < 0.9 ? 8 : 12) * rng.uniform());
    const x = noise(seed + i, frames * inChannels);
    const kind = rng.uniform() / rate;
    if (kind < 0.01) x[0] = NaN;
    // large enough that a convolution or a square overflows
    else if (kind < 0.02) x[0] = 3e38;
    const valid = kind > 0.02 && kind < 0.03 ? Uint8Array.from({ length: frames }, (_, n) => Number(n > 0)) : undefined;
    const feeds = rng.uniform() < 0.1;
    if (runs[0].pending + 8 * frames > 64) for (const run of runs) run.disturb(0, rng);
    for (const run of runs) {
      if (feeds && !valid) run.feed(x);
      else run.push(x, valid);
    }
    const ready = runs[0].pending;
    // sometimes later, sometimes only some of them
    const rows = rng.uniform() < 0.2 ? Math.floor(ready * rng.uniform()) : ready;
    const g = noise(seed - i, rows * outChannels).map((slope) => 0.1 * slope);
    if (rng.uniform() < 0.1) g.fill(0, 0, outChannels * Math.ceil(rows * rng.uniform()));
    if (kind > 0.03 && kind < 0.04 && rows > 0) g[0] = NaN;
    if (rng.uniform() < 0.6) {
      const next = noise(seed + i + 7, inChannels);
      if (kind > 0.04 && kind < 0.045) next[0] = NaN;
      for (const [r, run] of runs.entries()) run.learn(g, next, blind, feeds, r === 0);
    } else {
      for (const run of runs) run.backward(g, blind);
      if (rng.uniform() < 0.8) for (const run of runs) run.step();
    }
    if (rng.uniform() < 0.02 * rate) {
      const disturbance = Math.floor(8 * rng.uniform());
      const own = Math.floor(1e6 * rng.uniform());
      for (const run of runs) run.disturb(disturbance, random(own));
    }
  }
  for (const run of runs) run.end();
}

test('a program learns with the same bits as the layers one by one, with gaps, NaN, saves, and changes of weights', () => {
  const law = (
    { inChannels, layers }: { inChannels: number; layers: LayerSpec[] },
    seed: number,
    optimizer: number,
    [blind, rate]: readonly [boolean, number],
  ) => {
    const runs = [fast, slow].map((engine) => new Run(engine, inChannels, layers, optimizers[optimizer], blind));
    drive(runs, seed, blind, rate);
    const [bits, expected] = runs.map(({ numbers }) => Buffer.from(Float64Array.from(numbers).buffer));
    if (!bits.equals(expected)) expect(runs[0].numbers).toEqual(runs[1].numbers);
  };
  const which = fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4);
  const settings = fc.tuple(fc.boolean(), fc.constantFrom(0, 0.2, 1));
  const seeds = fc.integer({ min: 1000, max: 1e6 });
  fc.assert(fc.property(stacks, seeds, which, settings, law), { seed: 11, numRuns: 200 });
  // the program was used most of the time
  expect(calls.run).toBeGreaterThan(3_000);
  expect(calls.backpropagate).toBeGreaterThan(3_000);
  expect(calls.update).toBeGreaterThan(500);
  expect(calls.learn).toBeGreaterThan(3_000);
});
