import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { Learner } from '../../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../../src/core/learning/learner-options.ts';
import { adam } from '../../../src/core/learning/optimizers/adam.ts';
import { nlms, sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import type { LayerSpec } from '../../../src/core/layers/layer-spec.ts';
import { Engine } from '../../../src/core/memory/engine.ts';
import { Network } from '../../../src/core/network/network.ts';
import { runWords } from '../../../src/kernels/run-layout.ts';
import { random } from '../../../src/core/random.ts';
import { plain } from '../../engines.ts';
import { stacks } from '../network/random-stacks.ts';

/** What the kernel `train` did in all tests: frames processed, and runs that ended early for a reason. */
const found = { frames: 0, owed: 0, unevaluated: 0, partial: 0 };
const counted = new Engine('simd');
const { kernels } = counted;
Object.assign(counted, {
  kernels: {
    ...kernels,
    train(program: number, layers: number, x: number, run: number) {
      kernels.train!(program, layers, x, run);
      const { i32 } = counted.arena;
      const done = i32[run + runWords.done];
      found.frames += done;
      found.owed += i32[run + runWords.owed];
      if (done > 0 && done < i32[run + runWords.count]) found.partial++;
      if (i32[run + runWords.lead] === 0 && i32[run + runWords.emitted] > i32[run + runWords.trained])
        found.unevaluated++;
    },
  },
});

interface Case {
  readonly spec: { inChannels: number; layers: LayerSpec[] };
  readonly options: LearnerOptions & { optimizer: ReturnType<typeof sgd> };
  readonly seed: number;
  /** Size of the samples, and probabilities per block of a gap and of an invalid frame, and per sample of a fault. */
  readonly amplitude: number;
  readonly faults: number;
}

const tasks = ['forecast', 'target', 'reconstruct', 'cancel'] as const;
const cases: fc.Arbitrary<Case> = fc
  .record({
    stack: stacks,
    task: fc.constantFrom(...tasks),
    horizon: fc.constantFrom(1, 1, 1, 2),
    updateEvery: fc.constantFrom(1, 1, 1, 2),
    holdout: fc.constantFrom(false, false, true),
    normalized: fc.boolean(),
    learningRate: fc.constantFrom(1e-3, 1e-2, 0.1, 1, 30),
    amplitude: fc.constantFrom(1e-3, 1, 1, 1, 1e3, 1e12, 1e18),
    faults: fc.constantFrom(0, 0, 0.002),
    seed: fc.nat(),
  })
  .map(({ stack, task, horizon, updateEvery, holdout, normalized, learningRate, amplitude, faults, seed }) => {
    const { inChannels } = stack;
    const last = { type: 'conv1d' as const, outChannels: inChannels, kernelSize: 2 };
    const optimizer = normalized ? nlms({ learningRate: Math.min(1, learningRate) }) : sgd({ learningRate });
    return {
      spec: {
        inChannels,
        layers: task === 'forecast' || task === 'reconstruct' ? [...stack.layers, last] : stack.layers,
      },
      options: {
        task,
        optimizer,
        updateEvery,
        holdout,
        ...(task === 'forecast' && { horizon }),
        ...(task === 'cancel' && { reference: Array.from({ length: inChannels }, (_, c) => c) }),
      },
      seed,
      amplitude,
      faults,
    };
  });

const frames = 400;

/** Returns everything that a learner returned for a recording, block by block, and its final state and weights. */
function results({ spec, options, seed, amplitude, faults }: Case, engine: Engine, isCut: boolean): unknown[] {
  const network = Network.create(spec, { engine, seed: 3 });
  const create = () => new Learner(network, { ...options, optimizer: options.optimizer.fresh() });
  let learner = create();
  const { inChannels, outChannels } = network;
  const channels = options.task === 'cancel' ? inChannels + outChannels : inChannels;
  const signal = random(seed);
  const plan = random(seed + 1);
  const cuts = random(seed + 2);
  const numbers = (count: number) =>
    Float32Array.from({ length: count }, () => {
      const sample = amplitude * signal.normal();
      return signal.uniform() >= faults ? sample : signal.uniform() < 0.5 ? NaN : 1e30;
    });
  const all: unknown[] = [];
  const keep = (block: Block) => all.push(block.start, block.data, block.valid);
  let start = 0;
  for (let left = frames; left > 0;) {
    const count = Math.min(left, 1 + Math.floor(plan.uniform() * 60));
    if (plan.uniform() < 3 * faults * 10) start += 1 + Math.floor(plan.uniform() * 40);
    const x = numbers(count * channels);
    const d = numbers(count * outChannels);
    const valid = Uint8Array.from({ length: count }, () => (plan.uniform() < faults ? 0 : 1));
    const alarmed = Uint8Array.from({ length: count }, () => (plan.uniform() < 0.2 ? 1 : 0));
    const usesAlarms = plan.uniform() < 0.1;
    learner.learning = plan.uniform() >= 0.05;
    if (plan.uniform() < 0.02) learner.rollback();
    if (plan.uniform() < 0.02) learner.reset();
    if (plan.uniform() < 0.05) {
      const state = learner.save();
      learner = create();
      learner.restore(state);
    }
    for (let from = 0; from < count;) {
      const to = isCut ? Math.min(count, from + 1 + Math.floor(cuts.uniform() * 30)) : count;
      const at = { start: start + from, rate: 100, time: 0 };
      if (options.task === 'target')
        learner.teach({ data: d.slice(from * outChannels, to * outChannels), channels: outChannels, ...at });
      const block = { data: x.slice(from * channels, to * channels), channels, valid: valid.slice(from, to), ...at };
      const { prediction, error, features } = learner.push(block, usesAlarms ? alarmed.slice(from, to) : undefined);
      if (!isCut) for (const part of [prediction, error, features]) keep(part);
      from = to;
    }
    start += count;
    left -= count;
  }
  // delay lines may keep more frames than they need, and blocks of targets more targets
  const state = { ...learner.save(), stream: null, early: null };
  return [...all, learner.score, state, network.weights()];
}

/** Counts how often the numbers of an array are read. */
function countingReads(array: Uint8Array): { array: Uint8Array; reads: () => number } {
  let reads = 0;
  const get = (target: Uint8Array, name: string | symbol): unknown => {
    if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
    const value: unknown = Reflect.get(target, name, target);
    return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
  };
  return { array: new Proxy(array, { get }), reads: () => reads };
}

test.each([
  ['runs', () => sgd({ learningRate: 1e-4 })],
  ['single frames', () => adam({ learningRate: 1e-4 })],
])('the work per frame does not depend on the length of the block: %s', (_, optimizer) => {
  const readsPerFrame = (count: number) => {
    const network = Network.create({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 4 }] });
    const learner = new Learner(network, { optimizer: optimizer(), holdout: false });
    const data = Float32Array.from({ length: count }, (__, t) => Math.sin(t));
    const [valid, alarmed] = [countingReads(new Uint8Array(count).fill(1)), countingReads(new Uint8Array(count))];
    learner.push({ data, channels: 1, start: 0, rate: 100, time: 0, valid: valid.array }, alarmed.array);
    return (valid.reads() + alarmed.reads()) / count;
  };
  expect(readsPerFrame(4000)).toBeLessThan(10);
});

describe('runs of frames', () => {
  test('give the bits of training frame by frame and layer by layer, for any options, faults, and controls', () => {
    fc.assert(
      fc.property(cases, (each) => {
        expect(results(each, counted, false)).toEqual(results(each, plain, false));
      }),
      { seed: 21, numRuns: 200 },
    );
    expect(found.frames).toBeGreaterThan(10_000);
    for (const count of [found.owed, found.unevaluated, found.partial]) expect(count).toBeGreaterThan(10);
  });

  test('give the same score, state, and weights however blocks are cut', () => {
    fc.assert(
      fc.property(cases, (each) => {
        expect(results(each, counted, true)).toEqual(results(each, counted, false).slice(-3));
      }),
      { seed: 22, numRuns: 150 },
    );
  });
});
