import fc from 'fast-check';
import { integer } from '../core/check.ts';
import { random } from '../core/random.ts';
import { difference } from './difference.ts';
import { pushInBlocks, pushByFrame, append, type FrameStream, type Output } from './stream-under-test.ts';

/** What `verifyStream` must know of the stream. */
export interface VerifyStreamOptions {
  inChannels: number;
  /** How many input frames one output sees. With it, what came more than that many frames ago must be forgotten. */
  receptiveField?: number;
  /** Frames of seeded noise that are pushed. Default 200, or four receptive fields. */
  frames?: number;
  /** Seed of the noise, of the cuts and of the places. Default 1. */
  seed?: number;
  /** How many random cuts and places are tried for each law. Default 20. */
  runs?: number;
}

/**
 * Runs the laws that every stream of frames keeps, and throws a sentence that names the one that broke. `makeStream`
 * makes a fresh stream of the same weights each time. It needs no test runner; fast-check makes the cuts and places.
 *
 * The laws: same bits however it is cut; two streams share nothing; the future cannot be heard; NaN poisons only the
 * outputs that see it; skip(n) is a push of n invalid zeros (where the stream has `skip`).
 */
export function verifyStream(makeStream: () => FrameStream, options: VerifyStreamOptions): void {
  const { inChannels, receptiveField = Infinity, seed = 1, runs = 20 } = options;
  integer('inChannels', inChannels, 1);
  const least = receptiveField === Infinity ? 200 : Math.max(200, 4 * receptiveField);
  const frames = integer('frames', options.frames ?? least, 2);
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
    throw new Error(`values: ${frames} frames led to no output; give more \`frames\``);
  const verify = <T>(places: fc.Arbitrary<T>, law: (subject: Subject, place: T) => void) => {
    const found = fc.check(
      fc.property(places, (place) => law(subject, place)),
      { seed, numRuns: runs },
    );
    if (found.failed) throw found.errorInstance;
  };
  verify(fc.array(fc.nat({ max: 40 }), { maxLength: 40 }), anyCut);
  sharesNothing(subject);
  verify(fc.nat({ max: frames - 1 }), noFuture);
  verify(fc.nat({ max: frames - 1 }), checkNaN);
  if (makeStream().skip) verify(fc.tuple(fc.nat({ max: frames }), fc.nat({ max: 2 * frames })), skipping);
}

/** The stream under test, its input [frames, inChannels], and what it said to each of its frames. */
interface Subject {
  makeStream: () => FrameStream;
  inChannels: number;
  receptiveField: number;
  x: Float32Array;
  byFrame: Output[];
}

function same(law: string, expected: unknown, got: unknown, where: string): void {
  const found = difference(expected, got, 'output');
  if (found) throw new Error(`${law}: ${where}: ${found}`);
}

function joined(outputs: readonly Output[]): Output {
  return { samples: outputs.flatMap(({ samples }) => samples), valid: outputs.flatMap(({ valid }) => valid) };
}

function anyCut({ makeStream, inChannels, x, byFrame }: Subject, cut: number[]): void {
  const got = pushInBlocks(makeStream(), x, inChannels, cut);
  same('same bits however it is cut', joined(byFrame), got, `blocks of [${cut.join(', ')}, the rest] frames`);
}

function sharesNothing({ makeStream, inChannels, x, byFrame }: Subject): void {
  const [one, other] = [makeStream(), makeStream()];
  const got: Output = { samples: [], valid: [] };
  for (let from = 0; from < x.length; from += inChannels) {
    append(got, one.push(x.slice(from, from + inChannels)), one);
    other.push(new Float32Array(inChannels).fill(9));
  }
  same('two streams share nothing', joined(byFrame), got, 'another stream was pushed in turn');
}

function noFuture({ makeStream, inChannels, x, byFrame }: Subject, t: number): void {
  const changed = x.map((value, i) => (i < t * inChannels ? value : 1 - 2 * value));
  const before = joined(byFrame.slice(0, t));
  const { samples, valid } = pushInBlocks(makeStream(), changed, inChannels);
  const heard = { samples: samples.slice(0, before.samples.length), valid: valid.slice(0, before.valid.length) };
  same('the future cannot be heard', before, heard, `frames from ${t} on were changed`);
}

function checkNaN({ makeStream, inChannels, receptiveField, x, byFrame }: Subject, t: number): void {
  const law = 'NaN poisons only the outputs that see it';
  const where = `frame ${t} held a NaN`;
  const poisoned = x.slice();
  poisoned[t * inChannels + (t % inChannels)] = NaN;
  const got = pushByFrame(makeStream(), poisoned, inChannels);
  same(law, joined(byFrame.slice(0, t)), joined(got.slice(0, t)), where);
  same(law, joined(byFrame.slice(t + receptiveField)), joined(got.slice(t + receptiveField)), where);
  for (const { samples, valid } of got)
    for (const [n, ok] of valid.entries()) {
      const channels = samples.length / valid.length;
      const sound = samples.slice(n * channels, (n + 1) * channels).every(Number.isFinite);
      if (ok === 1 && !sound) throw new Error(`${law}: ${where}: an output that is not finite was called valid`);
    }
}

function skipping({ makeStream, inChannels, x }: Subject, [at, count]: [number, number]): void {
  const [skipped, pushed] = [makeStream(), makeStream()];
  const head = x.slice(0, at * inChannels);
  const [expected, got] = [pushInBlocks(pushed, head, inChannels), pushInBlocks(skipped, head, inChannels)];
  append(expected, pushed.push(new Float32Array(count * inChannels), new Uint8Array(count)), pushed);
  append(got, skipped.skip?.(count) ?? new Float32Array(0), skipped);
  append(expected, pushed.push(x), pushed);
  append(got, skipped.push(x), skipped);
  same('skip(n) is a push of n invalid zeros', expected, got, `${count} frames after ${at}`);
}
