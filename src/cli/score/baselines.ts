import { RangeNovelty } from '../../core/detector/range-novelty.ts';

/** The rule of two numbers, without any learning: how far a sample lies outside all that came before it. */
export function twoNumberRule(samples: ArrayLike<number>): Float64Array {
  const range = new RangeNovelty('records');
  return Float64Array.from(samples, (x, t) => Math.max(0, range.push(x, t)));
}

/** A metronome, which reads nothing: 1 at every `every`-th frame, 0 elsewhere. */
export function metronome(frames: number, every: number): Float64Array {
  return Float64Array.from({ length: frames }, (_, t) => (t > 0 && t % every === 0 ? 1 : 0));
}
