/** Rows of a table by the order of their times. */
export interface TimeOrder {
  /** Rows whose times the following rows contradict; they are not frames. */
  readonly wild: readonly number[];
  /** First rows of segments, which follow a pause longer than the limit. */
  readonly segments: readonly number[];
  /** The first row whose time is before that of the row before, unless it is wild; undefined if there is none. */
  readonly back?: number;
}

/** Number of rows that have to agree on a new time. */
const agreeing = 3;
/** Number of median steps that a time must be off to be wild. */
const wildSteps = 10;
/** Share of the rows that may be wild. */
const maxWild = 0.05;

const day = 86_400_000;
/** Times before 1971, in ms: of a clock that was not set. */
const unsetClock = 365 * day;

/**
 * Examines the order of times. A time that is off by more than ten steps is wild if the rows after it, at most two later,
 * continue where the rows before it ended. A longer pause is a gap, or starts a new segment if it exceeds the limit.
 *
 *     0 1 2 900 4 5      900 is wild            0 1 2 900 901 902     a gap, or a new segment
 *     0 1 2 1 2 3        time goes back         900 0 1 2 3           900 is wild
 *
 * @param times in ms; NaN where it is unknown
 * @param options.maxGap limit in ms. Default: a day, or ten median steps if they are longer
 * @param options.splits whether a time that goes back starts a segment, and none is wild
 */
export function orderOf(
  times: Float64Array,
  { maxGap, splits = false }: { maxGap?: number | undefined; splits?: boolean | undefined } = {},
): TimeOrder {
  const known = Uint32Array.from(times.keys()).filter((row) => !Number.isNaN(times[row]));
  const step = medianStep(times, known);
  const limit = maxGap === undefined ? Math.max(day, wildSteps * step) : Math.max(maxGap, 1.5 * step);
  const wild: number[] = [];
  const segments: number[] = [];
  const at = (place: number) => (place < known.length ? times[known[place]] : NaN);
  const follows = (place: number, from: number, to: number) => at(place) >= from && at(place) <= to;
  /** Whether the rows from `place` on advance in small steps. */
  const agree = (place: number) =>
    [1, 2].every((next) => follows(place + next, at(place + next - 1), at(place + next - 1) + wildSteps * step));
  /** Number of rows from `place` on that the next ones contradict. */
  const contradicted = (place: number, last: number) => {
    const end = at(place) > last + limit ? at(place) : at(place) < last ? Infinity : 0;
    return [1, 2].find((rows) => follows(place + rows, last, Math.max(end, last + 3 * (rows + 1) * step)));
  };
  let last = at(0);
  for (let place = 1; place < known.length; place++) {
    const distance = at(place) - last;
    const far = Math.abs(distance) > wildSteps * step;
    const rows = far && !splits ? contradicted(place, last) : undefined;
    const unset = place < agreeing && segments.length === 0 && (distance < 0 || last < unsetClock) && distance !== 0;
    if (rows !== undefined) {
      wild.push(...known.subarray(place, place + rows));
      place += rows - 1;
      if (wild.length > agreeing && wild.length > maxWild * known.length) return { wild: [], segments, back: wild[0] };
      continue;
    }
    if (far && unset && !splits && (distance < 0 || distance > limit) && agree(place))
      wild.push(...known.subarray(0, place));
    else if (distance < 0 && !splits) return { wild, segments, back: known[place] };
    else if (distance < 0) segments.push(known[place]);
    else if (distance > limit) segments.push(known[place]);
    last = at(place);
  }
  return { wild, segments };
}

/** The median of the steps > 0, in ms; NaN if there is none. */
function medianStep(times: Float64Array, known: Uint32Array): number {
  const steps = new Float64Array(Math.max(0, known.length - 1));
  for (let i = 1; i < known.length; i++) steps[i - 1] = times[known[i]] - times[known[i - 1]];
  const forward = steps.filter((step) => step > 0).sort();
  return forward.at(Math.floor(forward.length / 2)) ?? NaN;
}
