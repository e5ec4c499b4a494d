import { frameCount, type Block } from '../../core/blocks/block.ts';
import { across, up } from './plot.ts';

/** Frames by their absolute index: `from` and on, and not `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The lowest and the highest sample of each column; NaN where there is none. */
export interface Envelope {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What channel `c` of `blocks` does in a span, in so many columns at most, a frame being the narrowest. */
export function envelope(blocks: readonly Block[], c: number, { from, to }: Span, most: number): Envelope {
  const columns = Math.max(1, Math.min(most, to - from));
  const [low, high] = [new Float64Array(columns).fill(NaN), new Float64Array(columns).fill(NaN)];
  for (const block of blocks) {
    const { start, data, channels } = block;
    const end = Math.min(to, start + frameCount(block));
    for (let index = Math.max(from, start); index < end; index++) {
      const x = data[(index - start) * channels + c];
      if (!Number.isFinite(x)) continue;
      const at = Math.floor(((index - from) * columns) / (to - from));
      if (!(low[at] <= x)) low[at] = x;
      if (!(high[at] >= x)) high[at] = x;
    }
  }
  return { low, high };
}

/** The lowest and the highest sample of all; [Infinity, -Infinity] where there is none. */
export function extremes({ low, high }: Envelope): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const x of low) if (x < least) least = x;
  for (const x of high) if (x > most) most = x;
  return [least, most];
}

/** The `d` of a path around an envelope, `least` at the bottom of a plot and `most` at its top; open where there is nothing. */
export function outline({ low, high }: Envelope, least: number, most: number): string {
  const [above, below] = [pieces(high, least, most), pieces(low, least, most)];
  return above.map((piece, i) => `${polyline([...piece, ...below[i].reverse()])}z`).join('');
}

/** The same along one line, column `i` from 0 to 1 at `place(i)`. */
export function ridge(samples: Float64Array, least: number, most: number, place?: (i: number) => number): string {
  return pieces(samples, least, most, place).map(polyline).join('');
}

type Point = readonly [number, number];

/** Where each column lies in the box of a plot, in pieces without a hole. */
function pieces(
  samples: Float64Array,
  least: number,
  most: number,
  place = (i: number) => (i + 0.5) / samples.length,
): Point[][] {
  const found: Point[][] = [];
  for (const [i, x] of samples.entries()) {
    if (Number.isNaN(x)) continue;
    if (i === 0 || Number.isNaN(samples[i - 1])) found.push([]);
    found[found.length - 1].push([across(place(i)), up((x - least) / (most - least))]);
  }
  return found;
}

/** A line, each point told from the one before it. */
function polyline(points: readonly Point[]): string {
  const steps = points.slice(1).map(([x, y], i) => `${x - points[i][0]} ${y - points[i][1]}`);
  return `M${points[0].join(' ')}${steps.length > 0 ? 'l' : ''}${steps.join(' ')}`.replaceAll(' -', '-');
}
