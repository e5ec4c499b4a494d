import { frameCount, type Block } from '../../core/blocks/block.ts';
import { xOf, yOf } from './plot.ts';

/** A range of absolute frame indexes: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The minimum and the maximum of each column; NaN for an empty column. */
export interface Envelope {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** The envelope of channel `c` over a span, in at max `maxColumns` columns of one frame or more. */
export function envelope(blocks: readonly Block[], c: number, { from, to }: Span, maxColumns: number): Envelope {
  const columns = Math.max(1, Math.min(maxColumns, to - from));
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

/** The minimum and the maximum of an envelope; [Infinity, -Infinity] if it is empty. */
export function extremes({ low, high }: Envelope): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (const x of low) if (x < min) min = x;
  for (const x of high) if (x > max) max = x;
  return [min, max];
}

/** The `d` attribute of a path around an envelope: `min` at the bottom of the plot, `max` at the top; interrupted at empty columns. */
export function outline({ low, high }: Envelope, min: number, max: number): string {
  const [above, below] = [pieces(high, min, max), pieces(low, min, max)];
  return above.map((piece, i) => `${polyline([...piece, ...below[i].reverse()])}z`).join('');
}

/** The `d` attribute of a line through `samples`, likewise; column `i` is at `place(i)`, from 0 to 1. */
export function ridge(samples: Float64Array, min: number, max: number, place?: (i: number) => number): string {
  return pieces(samples, min, max, place).map(polyline).join('');
}

type Point = readonly [number, number];

/** The points of the columns in the box of a plot, split at empty columns. */
function pieces(
  samples: Float64Array,
  min: number,
  max: number,
  place = (i: number) => (i + 0.5) / samples.length,
): Point[][] {
  const found: Point[][] = [];
  for (const [i, x] of samples.entries()) {
    if (Number.isNaN(x)) continue;
    if (i === 0 || Number.isNaN(samples[i - 1])) found.push([]);
    found[found.length - 1].push([xOf(place(i)), yOf((x - min) / (max - min))]);
  }
  return found;
}

/** A path through points, in relative coordinates. */
function polyline(points: readonly Point[]): string {
  const steps = points.slice(1).map(([x, y], i) => `${x - points[i][0]} ${y - points[i][1]}`);
  return `M${points[0].join(' ')}${steps.length > 0 ? 'l' : ''}${steps.join(' ')}`.replaceAll(' -', '-');
}
