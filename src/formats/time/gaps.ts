import type { TimeOrder } from './time-order.ts';

/** Number of later rows that must confirm a gap. */
const confirming = 5;

/** The rows of a table with a time that is not wild. */
export interface KnownTimes {
  readonly rows: Uint32Array;
  /** In ms. */
  readonly times: Float64Array;
  /** Number of frames before each of the rows; wild rows are none. */
  readonly frames: Uint32Array;
  /** First rows of segments after the first one. */
  readonly segments: ReadonlySet<number>;
}

/** Selects the rows with a time; `times` of all rows are in ms, NaN where unknown. */
export function knownTimes(times: Float64Array, { wild, segments }: TimeOrder): KnownTimes {
  const isWild = new Set(wild);
  const known: { row: number; frame: number }[] = [];
  let frame = 0;
  for (const [row, time] of times.entries()) {
    if (isWild.has(row)) continue;
    if (!Number.isNaN(time)) known.push({ row, frame });
    frame++;
  }
  return {
    rows: Uint32Array.from(known, ({ row }) => row),
    times: Float64Array.from(known, ({ row }) => times[row]),
    frames: Uint32Array.from(known, ({ frame }) => frame),
    segments: new Set(segments),
  };
}

/** The time per frame between consecutive rows of the same segment, in ms. */
export function stepsOf({ rows, times, frames, segments }: KnownTimes): Float64Array {
  const steps = times.map((time, i) => (time - times[i - 1]) / (frames[i] - frames[i - 1]));
  return steps.filter((_, i) => i > 0 && !segments.has(rows[i]));
}

/**
 * The missing frames before each row. A step of n periods means n - 1 missing frames unless the next rows are early, as after
 * a row that was late. Rows with the same time count from the first of them, as when a clock stopped for a while.
 *
 * @param resolution of coarse times in ms: shorter gaps than twice this are not found
 */
export function gapsOf(
  { rows, times, frames, segments }: KnownTimes,
  rate: number,
  resolution = 0,
): Map<number, number> {
  const least = (2 * resolution * rate) / 1000;
  const lost = new Map<number, number>();
  let anchor = 0;
  for (let place = 1; place < rows.length; place++) {
    if (segments.has(rows[place])) {
      anchor = place;
      continue;
    }
    let missing = Infinity;
    for (let next = place; next < Math.min(rows.length, place + confirming) && missing > 0; next++) {
      if (next > place && segments.has(rows[next])) break;
      const periods = Math.round(((times[next] - times[anchor]) * rate) / 1000);
      missing = Math.min(missing, periods - (frames[next] - frames[anchor]));
    }
    if (missing > least && missing < Infinity) lost.set(rows[place], missing);
    if (times[place] > times[anchor]) anchor = place;
  }
  return lost;
}
