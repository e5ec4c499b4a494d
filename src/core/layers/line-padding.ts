import type { Arena } from '../../kernels/arena.ts';
import type { DelayLine } from '../memory/delay-line.ts';
import type { Windowing } from './windowing.ts';

/** Fills the `head` frames before frame 0 from the frames received so far. */
export function padHead(arena: Arena, line: DelayLine, windowing: Windowing): void {
  for (let index = -windowing.head; index < 0; index++)
    writePaddingFrame(arena, line, windowing, index, 0, line.offset(index));
}

/** Writes the `tail` frames after the last one to offset `at`. */
export function padTail(arena: Arena, line: DelayLine, windowing: Windowing, at: number): void {
  const { next, channels } = line;
  for (let i = 0; i < windowing.tail; i++) writePaddingFrame(arena, line, windowing, next + i, next, at + i * channels);
}

/**
 * Returns the frame whose copy is placed at `index`, outside a recording of `frames` frames, or -1 if none is copied.
 */
export function sourceFrame(index: number, frames: number, { padding, period }: Windowing): number {
  if (frames === 0) return -1;
  switch (padding) {
    case 'edge':
      return index < 0 ? 0 : frames - 1;
    case 'reflect': {
      if (frames === 1) return 0;
      const place = modulo(index, 2 * (frames - 1));
      return Math.min(place, 2 * (frames - 1) - place);
    }
    case 'symmetric': {
      const place = modulo(index, 2 * frames);
      return Math.min(place, 2 * frames - 1 - place);
    }
    case 'wrap': {
      // without a period, a recording wraps by its length
      const round = period > 0 ? Math.min(frames, period) : frames;
      return index < 0 ? modulo(index, round) : frames - round + modulo(index - frames, round);
    }
    default:
      return -1;
  }
}

/**
 * Writes the padding frame for `index` to `at`. Means and medians use the frames nearest to `end`, the beginning (0) or
 * the end of the recording.
 */
function writePaddingFrame(
  arena: Arena,
  line: DelayLine,
  windowing: Windowing,
  index: number,
  end: number,
  at: number,
): void {
  const { padding, padValue, statLength } = windowing;
  const { channels, next } = line;
  const { f32 } = arena;
  const source = sourceFrame(index, next, windowing);
  if (source >= 0) {
    f32.copyWithin(at, line.offset(source), line.offset(source + 1));
    return;
  }
  f32.fill(padValue, at, at + channels);
  if (padding !== 'mean' && padding !== 'median') return;
  const count = Math.min(statLength, next);
  const from = line.offset(end === 0 ? 0 : next - count);
  const near = f32.slice(from, from + count * channels);
  for (let c = 0; c < channels; c++) {
    const nearest = Array.from({ length: count }, (_, t) => near[t * channels + c]);
    f32[at + c] = padding === 'mean' ? mean(nearest) : median(nearest);
  }
}

function mean(samples: readonly number[]): number {
  return samples.reduce((total, sample) => total + sample, 0) / samples.length;
}

function median(samples: number[]): number {
  if (samples.some(Number.isNaN)) return NaN;
  samples.sort((a, b) => a - b);
  return (samples[(samples.length - 1) >> 1] + samples[samples.length >> 1]) / 2;
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
