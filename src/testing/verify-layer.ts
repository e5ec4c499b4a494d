import type { LayerUnderTest } from './stream-under-test.ts';
import fc from 'fast-check';
import { integer } from '../core/check.ts';
import { random } from '../core/random.ts';
import type { Weights } from '../core/network/weights.ts';
import { difference } from './difference.ts';
import { checkGradients } from './finite-differences.ts';
import { verifyStream } from './verify-stream.ts';

/** Options of `verifyLayer`. */
export interface VerifyLayerOptions {
  /** Number of input frames that one output depends on. If given, no gradient may reach further. */
  receptiveField?: number;
  /** Frames of seeded noise. Default 40, or three receptive fields if that is more. */
  frames?: number;
  /** Seed of the noise and of the random block sizes. Default 1. */
  seed?: number;
  /** Number of random block sizes and elements tried per invariant. Default 20. */
  runs?: number;
  /** Whether to check causality. Set it to false for modes other than 'causal' and 'valid'. Default true. */
  causal?: boolean;
}

/**
 * Verifies the invariants of a layer, forward and backward. It needs no test runner.
 *
 * The invariants: those of `verifyStream`; gradients equal finite differences, for the input and for every weight;
 * gradients do not depend on how the input is split into blocks; there is one gradient row per frame; no gradient
 * reaches beyond the receptive field; no NaN reaches a weight's gradient; save and restore in the middle change no bit.
 *
 * @throws Error that names the violated invariant
 */
export function verifyLayer(layer: LayerUnderTest, options: VerifyLayerOptions = {}): void {
  const { receptiveField = Infinity, seed = 1, runs = 20, causal = true } = options;
  const inChannels = integer('inChannels', layer.inChannels, 1);
  const minFrames = receptiveField === Infinity ? 40 : Math.max(40, 3 * receptiveField);
  const frames = integer('frames', options.frames ?? minFrames, 2);
  if (causal) verifyStream(() => layer.stream(), { inChannels, receptiveField, seed, runs });
  const noise = random(seed);
  const x = Float32Array.from({ length: frames * inChannels }, () => noise.normal());
  const whole = train(layer, x, [frames], noise.uniform());
  checkGradients(layer, x, whole.g, whole.dx, whole.gradients, seed, runs);
  const blockLengths = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 });
  const property = (lengths: number[], delay: number, stop: number) => {
    const actual = train(layer, x, lengths, 0, delay, layer.restore ? stop : -1, whole.g);
    const where = `blocks of [${lengths.join(', ')}], gradients ${delay} outputs late`;
    same('gradients do not depend on block sizes or on save and restore', where, whole, actual);
  };
  const result = fc.check(fc.property(blockLengths, fc.nat({ max: 5 }), fc.nat({ max: 20 }), property), {
    seed,
    numRuns: runs,
  });
  if (result.failed) throw result.errorInstance;
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

/**
 * Runs x and g through a stream in blocks of `lengths` frames, repeated. The gradients follow `delay` outputs later.
 */
function train(
  layer: LayerUnderTest,
  x: Float32Array,
  lengths: readonly number[],
  seed: number,
  delay = 0,
  stop = -1,
  fixedGradients?: Float32Array,
): TrainingRun {
  const { inChannels, outChannels } = layer;
  let stream = layer.stream({ gradients: true, maxPending: 1 << 20 });
  const y: number[] = [];
  const dx: number[] = [];
  let done = 0;
  const slope = (from: number, to: number) =>
    Float32Array.from({ length: to - from }, (_, i) =>
      fixedGradients ? fixedGradients[from + i] : Math.sin(7 * seed + 1.7 * (from + i)),
    );
  const sendGradients = (upTo: number) => {
    const to = Math.max(done, upTo);
    dx.push(...stream.backward(slope(done, to)));
    done = to;
  };
  const blockLengths = lengths.some((length) => length > 0) ? lengths : [1];
  for (let at = 0, i = 0; at < x.length; i++) {
    if (i === stop && stream.save && layer.restore) stream = layer.restore(stream.save());
    const to = Math.min(x.length, at + blockLengths[i % blockLengths.length] * inChannels);
    y.push(...stream.push(x.slice(at, to)));
    at = to;
    sendGradients(y.length - delay * outChannels);
  }
  y.push(...(stream.flush?.() ?? []));
  sendGradients(y.length);
  dx.push(...stream.flushGradient());
  return {
    y: Float32Array.from(y),
    g: slope(0, y.length),
    dx: Float32Array.from(dx),
    gradients: stream.gradients?.() ?? {},
  };
}

function same(property: string, where: string, expected: TrainingRun, actual: TrainingRun): void {
  const result = difference(expected, actual, 'run');
  if (result) throw new Error(`${property}: ${where}: ${result}`);
}

function checkRowCount(dx: Float32Array, frames: number, channels: number): void {
  if (dx.length === frames * channels) return;
  throw new Error(`one gradient row per frame: ${frames} frames produced ${dx.length / channels} rows`);
}

/** Checks that the gradient of one output in the middle stays within its receptive field. */
function checkReceptiveField(layer: LayerUnderTest, x: Float32Array, receptiveField: number): void {
  const { inChannels, outChannels } = layer;
  const stream = layer.stream({ gradients: true, maxPending: 1 << 20 });
  const outputs = stream.push(x).length / outChannels;
  const g = new Float32Array(outputs * outChannels);
  g.fill(1, Math.floor(outputs / 2) * outChannels, (Math.floor(outputs / 2) + 1) * outChannels);
  const dx = [...stream.backward(g), ...stream.flushGradient()];
  const reached = dx.flatMap((slope, i) => (slope === 0 ? [] : [Math.floor(i / inChannels)]));
  const span = reached.length === 0 ? 0 : Math.max(...reached) - Math.min(...reached) + 1;
  if (span <= receptiveField) return;
  throw new Error(
    `receptive field: the gradient of one output spans ${span} frames, but receptiveField is ${receptiveField}`,
  );
}

function checkNaN(layer: LayerUnderTest, x: Float32Array): void {
  const poisoned = x.slice();
  poisoned[Math.floor(x.length / 2)] = NaN;
  const { gradients } = train(layer, poisoned, [5], 1);
  for (const [name, { data }] of Object.entries(gradients)) {
    if (!data.every(Number.isFinite)) throw new Error(`no NaN reaches a weight: the gradient of ${name} contains NaN`);
  }
}
