import type { Arena } from '../kernels/arena.ts';
import type { DelayLine } from './delay-line.ts';
import { copied, statistic } from './reference/surroundings.ts';
import type { Windowing } from './windowing.ts';

/** Fills in the `head` frames before frame 0, from the frames that have come. */
export function padBefore(arena: Arena, line: DelayLine, windowing: Windowing): void {
  for (let index = -windowing.head; index < 0; index++) put(arena, line, windowing, index, 0, line.offset(index));
}

/** Writes the `tail` frames that follow the last one to `at`. */
export function padAfter(arena: Arena, line: DelayLine, windowing: Windowing, at: number): void {
  const { next, channels } = line;
  for (let i = 0; i < windowing.tail; i++) put(arena, line, windowing, next + i, next, at + i * channels);
}

/** The frame that stands at `index` is copied there, of `frames` that the recording has; -1: none is. */
export function sourceOf(index: number, frames: number, { padding, period }: Windowing): number {
  // without a period a recording wraps by its length
  return copied(index, frames, padding, period > 0 && period < Infinity ? period : undefined);
}

/** Writes the padding frame at `index`; statistics are of the frames nearest to `end`, which is the first or behind the last. */
function put(arena: Arena, line: DelayLine, windowing: Windowing, index: number, end: number, at: number): void {
  const { padding, padValue, statLength } = windowing;
  const { channels, next } = line;
  const { f32 } = arena;
  const source = sourceOf(index, next, windowing);
  if (source >= 0) {
    f32.copyWithin(at, line.offset(source), line.offset(source + 1));
    return;
  }
  f32.fill(padValue, at, at + channels);
  if (padding !== 'mean' && padding !== 'median') return;
  const count = Math.min(statLength, next);
  const from = line.offset(end === 0 ? 0 : next - count);
  const near = f32.slice(from, from + count * channels);
  for (let c = 0; c < channels; c++) f32[at + c] = statistic(padding, near, channels, c, 0, count);
}
