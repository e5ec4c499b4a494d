import type { LayerUnderTest } from './stream-under-test.ts';
import fc from 'fast-check';
import { integer } from '../core/check.ts';
import { random } from '../core/random.ts';
import type { Weights } from '../core/network/weights.ts';
import { difference } from './difference.ts';
import { checkGradients } from './finite-differences.ts';

import { verifyStream } from './verify-stream.ts';

export interface VerifyLayerOptions {
  /** How many input frames one output sees. With it, no gradient may reach further. */
  receptiveField?: number;
  /** Frames of seeded noise. Default 40, or three receptive fields. */
  frames?: number;
  /** Default 1. */
  seed?: number;
  /** How many random cuts and places are tried for each law. Default 20. */
  runs?: number;
  /** Whether the laws of hearing hold: 'causal' and 'valid' layers hear no future. Default true. */
  causal?: boolean;
}

/**
 * Runs the laws that every layer keeps, forward and backward, and throws a sentence that names the one that broke. It
 * needs no test runner.
 *
 * The laws: those of `verifyStream`; gradients are the slopes that finite differences find, for the input and for every
 * weight; they do not depend on the cut, and there is one row a frame; none reaches further than the receptive field;
 * no NaN reaches a weight's gradient; save and restore in the middle change no bit.
 */
export function verifyLayer(layer: LayerUnderTest, options: VerifyLayerOptions = {}): void {
  const { receptiveField = Infinity, seed = 1, runs = 20, causal = true } = options;
  const inChannels = integer('inChannels', layer.inChannels, 1);
  const least = receptiveField === Infinity ? 40 : Math.max(40, 3 * receptiveField);
  const frames = integer('frames', options.frames ?? least, 2);
  if (causal) verifyStream(() => layer.stream(), { inChannels, receptiveField, seed, runs });
  const noise = random(seed);
  const x = Float32Array.from({ length: frames * inChannels }, () => noise.normal());
  const whole = train(layer, x, [frames], noise.uniform());
  checkGradients(layer, x, whole.g, whole.dx, whole.gradients, seed, runs);
  const cuts = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 });
  const law = (lengths: number[], late: number, stop: number) => {
    const got = train(layer, x, lengths, 0, late, layer.restore ? stop : -1, whole.g);
    const where = `blocks of [${lengths.join(', ')}], gradients ${late} outputs late`;
    same('gradients do not depend on the cut, nor on save and restore', where, whole, got);
  };
  const found = fc.check(fc.property(cuts, fc.nat({ max: 5 }), fc.nat({ max: 20 }), law), { seed, numRuns: runs });
  if (found.failed) throw found.errorInstance;
  checkRowCount(whole.dx, frames, inChannels);
  if (receptiveField !== Infinity && causal) checkReceptiveField(layer, x, receptiveField);
  checkNaN(layer, x);
}

interface TrainingRun {
  y: Float32Array;
  /** ∂L/∂y of every output. */
  g: Float32Array;
  dx: Float32Array;
  gradients: Weights;
}

/** Runs x and g through a stream in blocks of `lengths` over and over, the gradients `late` outputs late. */
function train(
  layer: LayerUnderTest,
  x: Float32Array,
  lengths: readonly number[],
  seed: number,
  late = 0,
  stop = -1,
  given?: Float32Array,
): TrainingRun {
  const { inChannels, outChannels } = layer;
  let stream = layer.stream({ gradients: true, maxPending: 1 << 20 });
  const y: number[] = [];
  const dx: number[] = [];
  let taught = 0;
  const slope = (from: number, to: number) =>
    Float32Array.from({ length: to - from }, (_, i) =>
      given ? given[from + i] : Math.sin(7 * seed + 1.7 * (from + i)),
    );
  const teach = (upTo: number) => {
    const to = Math.max(taught, upTo);
    dx.push(...stream.backward(slope(taught, to)));
    taught = to;
  };
  const cut = lengths.some((length) => length > 0) ? lengths : [1];
  for (let at = 0, i = 0; at < x.length; i++) {
    if (i === stop && stream.save && layer.restore) stream = layer.restore(stream.save());
    const to = Math.min(x.length, at + cut[i % cut.length] * inChannels);
    y.push(...stream.push(x.slice(at, to)));
    at = to;
    teach(y.length - late * outChannels);
  }
  y.push(...(stream.flush?.() ?? []));
  teach(y.length);
  dx.push(...stream.flushGradient());
  return {
    y: Float32Array.from(y),
    g: slope(0, y.length),
    dx: Float32Array.from(dx),
    gradients: stream.gradients?.() ?? {},
  };
}

function same(law: string, where: string, expected: TrainingRun, got: TrainingRun): void {
  const found = difference(expected, got, 'run');
  if (found) throw new Error(`${law}: ${where}: ${found}`);
}

function checkRowCount(dx: Float32Array, frames: number, channels: number): void {
  if (dx.length === frames * channels) return;
  throw new Error(`one gradient row a frame: ${frames} frames came back as ${dx.length / channels} rows`);
}

/** The gradient of one output in the middle reaches no further than its receptive field. */
function checkReceptiveField(layer: LayerUnderTest, x: Float32Array, receptiveField: number): void {
  const { inChannels, outChannels } = layer;
  const stream = layer.stream({ gradients: true, maxPending: 1 << 20 });
  const outputs = stream.push(x).length / outChannels;
  const g = new Float32Array(outputs * outChannels);
  g.fill(1, Math.floor(outputs / 2) * outChannels, (Math.floor(outputs / 2) + 1) * outChannels);
  const dx = [...stream.backward(g), ...stream.flushGradient()];
  const heard = dx.flatMap((slope, i) => (slope === 0 ? [] : [Math.floor(i / inChannels)]));
  const span = heard.length === 0 ? 0 : Math.max(...heard) - Math.min(...heard) + 1;
  if (span <= receptiveField) return;
  throw new Error(
    `receptive field: one output's gradient reached over ${span} frames, receptiveField is ${receptiveField}`,
  );
}

function checkNaN(layer: LayerUnderTest, x: Float32Array): void {
  const poisoned = x.slice();
  poisoned[Math.floor(x.length / 2)] = NaN;
  const { gradients } = train(layer, poisoned, [5], 1);
  for (const [name, { data }] of Object.entries(gradients)) {
    if (!data.every(Number.isFinite)) throw new Error(`NaN reaches no weight: the gradient of ${name} holds one`);
  }
}
