import fc from 'fast-check';
import { integer } from '../core/check.ts';
import { random } from '../core/random.ts';
import { difference } from './difference.ts';
import { pushInBlocks, pushByFrame, append, type FrameStream, type Output } from './stream-under-test.ts';

/** Options of `verifyStream`. */
export interface VerifyStreamOptions {
  /** Number of channels per input frame. */
  inChannels: number;
  /** Number of input frames that one output depends on. If given, older frames must have no effect. */
  receptiveField?: number;
  /** Frames of seeded noise that are pushed. Default 200, or four receptive fields if that is more. */
  frames?: number;
  /** Seed of the noise and of the random block sizes and frames. Default 1. */
  seed?: number;
  /** Number of random block sizes and frames tried per invariant. Default 20. */
  runs?: number;
}

/**
 * Verifies the invariants of a stream of frames. `makeStream` creates a new stream with the same weights each time. It
 * needs no test runner; fast-check generates the block sizes and frames.
 *
 * The invariants: the same bits for any block sizes; two streams share no state; causality; NaN affects only outputs
 * whose window includes it; skip(n) equals pushing n invalid zeros (if the stream has `skip`).
 *
 * @throws Error that names the violated invariant
 */
export function verifyStream(makeStream: () => FrameStream, options: VerifyStreamOptions): void {
  const { inChannels, receptiveField = Infinity, seed = 1, runs = 20 } = options;
  integer('inChannels', inChannels, 1);
  const minFrames = receptiveField === Infinity ? 200 : Math.max(200, 4 * receptiveField);
  const frames = integer('frames', options.frames ?? minFrames, 2);
  const noise = random(seed);
  const x = Float32Array.from({ length: frames * inChannels }, () => noise.normal());
  const subject: Subject = {
    makeStream,
    inChannels,
    receptiveField,
    x,
    byFrame: pushByFrame(makeStream(), x, inChannels),
  };
  if (subject.byFrame.every(({ samples }) => samples.length === 0))
    throw new Error(`values: ${frames} frames produced no output; increase \`frames\``);
  const verify = <T>(places: fc.Arbitrary<T>, check: (subject: Subject, place: T) => void) => {
    const result = fc.check(
      fc.property(places, (place) => check(subject, place)),
      { seed, numRuns: runs },
    );
    if (result.failed) throw result.errorInstance;
  };
  verify(fc.array(fc.nat({ max: 40 }), { maxLength: 40 }), anyCut);
  sharesNoState(subject);
  verify(fc.nat({ max: frames - 1 }), causality);
  verify(fc.nat({ max: frames - 1 }), checkNaN);
  if (makeStream().skip) verify(fc.tuple(fc.nat({ max: frames }), fc.nat({ max: 2 * frames })), skipEqualsPush);
}

/** The stream under test, its input [frames, inChannels], and its outputs for each frame. */
interface Subject {
  makeStream: () => FrameStream;
  inChannels: number;
  receptiveField: number;
  x: Float32Array;
  byFrame: Output[];
}

function same(invariant: string, expected: unknown, actual: unknown, where: string): void {
  const result = difference(expected, actual, 'output');
  if (result) throw new Error(`${invariant}: ${where}: ${result}`);
}

function joined(outputs: readonly Output[]): Output {
  return { samples: outputs.flatMap(({ samples }) => samples), valid: outputs.flatMap(({ valid }) => valid) };
}

function anyCut({ makeStream, inChannels, x, byFrame }: Subject, blockLengths: number[]): void {
  const actual = pushInBlocks(makeStream(), x, inChannels, blockLengths);
  same(
    'same bits for any block sizes',
    joined(byFrame),
    actual,
    `blocks of [${blockLengths.join(', ')}, the rest] frames`,
  );
}

function sharesNoState({ makeStream, inChannels, x, byFrame }: Subject): void {
  const [one, other] = [makeStream(), makeStream()];
  const actual: Output = { samples: [], valid: [] };
  for (let from = 0; from < x.length; from += inChannels) {
    append(actual, one.push(x.slice(from, from + inChannels)), one);
    other.push(new Float32Array(inChannels).fill(9));
  }
  same('two streams share no state', joined(byFrame), actual, 'another stream was pushed in between');
}

function causality({ makeStream, inChannels, x, byFrame }: Subject, t: number): void {
  const changed = x.map((value, i) => (i < t * inChannels ? value : 1 - 2 * value));
  const before = joined(byFrame.slice(0, t));
  const { samples, valid } = pushInBlocks(makeStream(), changed, inChannels);
  const unchanged = { samples: samples.slice(0, before.samples.length), valid: valid.slice(0, before.valid.length) };
  same('causality', before, unchanged, `frames from ${t} on were changed`);
}

function checkNaN({ makeStream, inChannels, receptiveField, x, byFrame }: Subject, t: number): void {
  const invariant = 'NaN affects only outputs whose window includes it';
  const where = `frame ${t} contained NaN`;
  const poisoned = x.slice();
  poisoned[t * inChannels + (t % inChannels)] = NaN;
  const actual = pushByFrame(makeStream(), poisoned, inChannels);
  same(invariant, joined(byFrame.slice(0, t)), joined(actual.slice(0, t)), where);
  same(invariant, joined(byFrame.slice(t + receptiveField)), joined(actual.slice(t + receptiveField)), where);
  for (const { samples, valid } of actual)
    for (const [n, validity] of valid.entries()) {
      const channels = samples.length / valid.length;
      const finite = samples.slice(n * channels, (n + 1) * channels).every(Number.isFinite);
      if (validity === 1 && !finite) throw new Error(`${invariant}: ${where}: a non-finite output was marked valid`);
    }
}

function skipEqualsPush({ makeStream, inChannels, x }: Subject, [at, count]: [number, number]): void {
  const [skipped, pushed] = [makeStream(), makeStream()];
  const head = x.slice(0, at * inChannels);
  const [expected, actual] = [pushInBlocks(pushed, head, inChannels), pushInBlocks(skipped, head, inChannels)];
  append(expected, pushed.push(new Float32Array(count * inChannels), new Uint8Array(count)), pushed);
  append(actual, skipped.skip?.(count) ?? new Float32Array(0), skipped);
  append(expected, pushed.push(x), pushed);
  append(actual, skipped.push(x), skipped);
  same('skip(n) equals pushing n invalid zeros', expected, actual, `${count} frames after ${at}`);
}
