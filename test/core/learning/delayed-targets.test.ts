import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../src/core/blocks/block.ts';
import { Learner } from '../../../src/core/learning/learner.ts';
import type { LearnerOptions } from '../../../src/core/learning/learner-options.ts';
import { Network } from '../../../src/core/network/network.ts';
import type { NetworkSpec } from '../../../src/core/network/network-spec.ts';
import { autoStep } from '../../../src/core/learning/optimizers/auto-step.ts';
import { sgd } from '../../../src/core/learning/optimizers/sgd.ts';
import { noise, specs } from '../network/random-networks.ts';

/** Frames of a stream that do not arrive. */
interface Gap {
  from: number;
  length: number;
}

/** Samples, targets, validity, and flags of one stream, frame by frame. */
interface Recording {
  readonly frames: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly x: Float32Array;
  readonly d: Float32Array;
  readonly valid: Uint8Array;
  readonly targetValid: Uint8Array;
  readonly alarmed: Uint8Array;
  readonly missing: Uint8Array;
}

/** What arrives at a learner: frames `from` to `to` of the stream, or targets of those frames. */
type Arrival = { readonly kind: 'frames' | 'targets'; readonly from: number; readonly to: number };

function recordingOf({ inChannels, outChannels }: Network, seed: number, frames: number, gaps: Gap[]): Recording {
  const x = noise(seed, frames * inChannels);
  const d = noise(seed + 1, frames * outChannels);
  const valid = new Uint8Array(frames).fill(1);
  const targetValid = new Uint8Array(frames).fill(1);
  const alarmed = new Uint8Array(frames);
  const missing = new Uint8Array(frames);
  valid[seed % frames] = 0;
  targetValid.fill(0, (7 * seed) % frames, ((7 * seed) % frames) + 3);
  alarmed.fill(1, (11 * seed) % frames, ((11 * seed) % frames) + 5);
  x[((13 * seed) % frames) * inChannels] = NaN;
  d[((17 * seed) % frames) * outChannels] = NaN;
  // frame 0 is not missing: a stream that begins with a gap is one whose first block starts later
  for (const { from, length } of gaps) missing.fill(1, Math.max(1, from), from + length);
  return { frames, inChannels, outChannels, x, d, valid, targetValid, alarmed, missing };
}

/** Feeds a learner and returns what it emits. */
class Feed {
  readonly learner: Learner;
  readonly predictions: number[] = [];
  readonly errors: number[] = [];
  #score: unknown;
  #skipped: Readonly<Record<string, number>> = {};
  readonly #recording: Recording;

  constructor(recording: Recording, network: Network, options: LearnerOptions) {
    this.#recording = recording;
    this.learner = new Learner(network, { task: 'target', ...options });
  }

  arrive({ kind, from, to }: Arrival): void {
    const { missing } = this.#recording;
    if (kind === 'targets') this.learner.teach(this.#block('d', from, to));
    else
      for (let start = from, end = from; start < to; start = end) {
        while (end < to && missing[end] === missing[start]) end++;
        if (missing[start] === 0) this.#push(start, end);
      }
  }

  arriveAll(arrivals: readonly Arrival[]): this {
    for (const arrival of arrivals) this.arrive(arrival);
    return this;
  }

  /** Weights, score, and counts, which must not depend on the order of arrival. */
  get trained(): unknown {
    const { live: _, ...score } = this.#score as { live: unknown };
    return { weights: this.learner.network.weights(), score, skipped: this.#skipped };
  }

  #push(from: number, to: number): void {
    const learned = this.learner.push(this.#block('x', from, to), this.#recording.alarmed.subarray(from, to));
    this.predictions.push(...learned.prediction.data);
    this.errors.push(...learned.error.data);
    this.#score = learned.score;
    this.#skipped = learned.skipped;
  }

  #block(name: 'x' | 'd', from: number, to: number): Block {
    const { inChannels, outChannels, valid, targetValid, [name]: samples } = this.#recording;
    const channels = name === 'x' ? inChannels : outChannels;
    return {
      data: samples.slice(from * channels, to * channels),
      channels,
      start: from,
      rate: 100,
      time: from * 10,
      valid: (name === 'x' ? valid : targetValid).slice(from, to),
    };
  }
}

const targetFirst = (frames: number): Arrival[] =>
  Array.from({ length: frames }, (_, t) => t).flatMap((t) => [
    { kind: 'targets', from: t, to: t + 1 },
    { kind: 'frames', from: t, to: t + 1 },
  ]);

/**
 * Cuts a stream into blocks, and its targets into blocks that arrive after a delay of up to `maxDelay` frames or earlier
 * than their frames, in an order that the delays determine. The last targets are followed by an empty arrival of frames.
 */
function arrivalsOf(frames: number, cuts: number[], targetCuts: number[], delays: number[], maxDelay: number): Arrival[] {
  const arrivals: (Arrival & { at: number; order: number })[] = [];
  const cutInto = (lengths: number[], add: (from: number, to: number, i: number) => void) => {
    for (let from = 0, i = 0; from < frames; i++) {
      const to = Math.min(frames, from + lengths[i % lengths.length]);
      add(from, to, i);
      from = to;
    }
  };
  const limits: number[] = [];
  cutInto(targetCuts, (from, to, i) => {
    // the frame before which they arrive: the oldest of them is trained when frame from + maxDelay + 1 arrives
    const at = Math.max(0, Math.min(from + maxDelay + 1, from + delays[i % delays.length]));
    arrivals.push({ kind: 'targets', from, to, at, order: delays[(3 * i + 1) % delays.length] });
    limits.push(at);
  });
  // a block of frames is cut where targets arrive
  const starts = new Set(limits);
  cutInto(cuts, (from, to) => starts.add(from).add(to));
  const sorted = [...starts].filter((start) => start < frames).sort((a, b) => a - b);
  for (const [i, from] of sorted.entries())
    arrivals.push({ kind: 'frames', from, to: sorted[i + 1] ?? frames, at: from, order: Infinity });
  return arrivals.sort((a, b) => a.at - b.at || a.order - b.order);
}

const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 });
const delays = fc.array(fc.integer({ min: -6, max: 30 }), { minLength: 1, maxLength: 8 });
const gaps = fc.array(fc.record({ from: fc.nat({ max: 110 }), length: fc.constantFrom(1, 2, 9, 30) }), { maxLength: 2 });

describe('targets that arrive within maxDelay frames', () => {
  test('change the weights, scores, and counts as if each had arrived before its frame, in any order and cut', () => {
    const law = (
      spec: NetworkSpec,
      seed: number,
      holes: Gap[],
      cuts: number[],
      targetCuts: number[],
      lags: number[],
      maxDelay: number,
    ) => {
      const network = Network.create(spec, { seed });
      const recording = recordingOf(network, seed, 120, holes);
      const options = () => ({
        maxDelay,
        optimizer: seed % 2 ? sgd({ learningRate: 0.01 }) : autoStep(),
        updateEvery: 1 + (seed % 3),
        mode: seed % 5 === 0 ? ('window' as const) : ('stream' as const),
      });
      const first = new Feed(recording, network.clone(), options()).arriveAll(targetFirst(120));
      const arrivals = arrivalsOf(120, cuts, targetCuts, lags, maxDelay);
      const late = new Feed(recording, network.clone(), options()).arriveAll(arrivals);
      // frames at the end whose targets arrived after all frames count in the next block
      late.learner.teach({ data: new Float32Array(0), channels: network.outChannels, start: 0, rate: 100, time: 0 });
      expect(late.learner.network.weights()).toEqual(first.learner.network.weights());
    };
    fc.assert(
      fc.property(specs, fc.nat({ max: 1e5 }), gaps, lengths, lengths, delays, fc.nat({ max: 25 }), law),
      { seed: 10, numRuns: 150 },
    );
  });
});
