/** A step of a device's counter, and the time that passed. */
export interface CountStep {
  readonly count: number;
  /** Counts since the newest reading; negative if the count is lower. */
  readonly difference: number;
  /** Distance of the frames from the next expected one by their time, in frames; NaN if unknown. */
  readonly late: number;
  /** Numbers of values that the counter can have, the most likely one first. */
  readonly wraps: readonly number[];
  readonly framesPerCount: number;
  /** Frames that were received with the newest count. */
  readonly framesInCount: number;
  /** Whether times are those of arrival. */
  readonly arrivals: boolean;
  /** Deviation of times in frames. */
  readonly tolerance: number;
  /** Frames in the time that a device needs at least to restart. */
  readonly apart: number;
}

/** The frames missing before a step of the counter. */
export interface CountGap {
  /** What determines the number (by contradiction: the counter, although the time differs), or that the frames are repeated. */
  kind: 'counter' | 'time' | 'contradiction' | 'late';
  missing: number;
  /** Whole cycles of the counter in it. */
  cycles: number;
}

/** A step back of at most this many counts can be a late or repeated frame. */
const maxStepBack = 16;

/** A step as a counter with a certain number of values makes it. */
interface Way {
  /** Frames per cycle of the counter. */
  readonly cycle: number;
  /** Frames missing if no whole cycles are; Infinity if the counter cannot have made the step. */
  readonly counted: number;
  /** Frames by which late ones lie back; 0 if they are not late. */
  readonly back: number;
  readonly cycles: number;
  /** Frames by which their time is later than their count. */
  readonly rest: number;
}

/** Determines the frames missing before a step of the counter. */
export function missingByCount(step: CountStep): CountGap {
  const { difference, late, tolerance, arrivals } = step;
  const ways = step.wraps.map((wrap) => wayOf(wrap, step));
  const [first] = ways;
  if (Number.isNaN(late)) {
    if (first.back > 0) return { kind: 'late', missing: 0, cycles: 0 };
    const restarted = difference < 0 && !(first.counted <= first.cycle / 2);
    return restarted ? byTime(0) : byCounter(first);
  }
  const isLate = ({ back, cycle }: Way) =>
    back > 0 && (arrivals ? late <= Math.min(tolerance, cycle / 2) : Math.abs(late + back) <= tolerance);
  if (ways.some(isLate)) return { kind: 'late', missing: 0, cycles: 0 };
  const fitting = ways.filter(({ rest, cycle }) => Math.abs(rest) <= Math.min(tolerance, cycle / 4));
  if (fitting.length > 0) return byCounter(arrivals ? fitting[0] : fitting.reduce(better));
  if (ways.some(({ counted }) => counted === 0)) return contradicted({ ...first, counted: 0, cycles: 0 }, step);
  return isRestart(first, step) ? byTime(late) : contradicted(first, step);
}

function wayOf(wrap: number, { difference, late, framesPerCount, framesInCount }: CountStep): Way {
  const forward = difference > 0 ? difference : difference + wrap;
  const cycle = wrap * framesPerCount;
  const counted = Math.max(0, forward * framesPerCount - framesInCount);
  const counts = wrap - forward;
  const back = counts > 0 && counts <= maxStepBack && counts < forward ? counts * framesPerCount + framesInCount : 0;
  const cycles = Number.isFinite(cycle) ? Math.max(0, Math.round((late - counted) / cycle)) || 0 : 0;
  return { cycle, counted, back, cycles, rest: late - counted - (cycles > 0 ? cycles * cycle : 0) };
}

/** The one of two ways that agrees better with the time; the first one unless they differ by more than rounding. */
function better(a: Way, b: Way): Way {
  return Math.abs(b.rest) < Math.abs(a.rest) - 0.5 ? b : a;
}

/** Whether the device was restarted: its count went back, or it counted from 0 in the time that passed. */
function isRestart(
  { counted, cycle }: Way,
  { count, difference, late, framesPerCount, tolerance, apart }: CountStep,
): boolean {
  const inTime = count * framesPerCount <= late + tolerance && late - counted >= Math.min(apart, cycle / 2);
  return inTime || (difference < 0 && (counted > late + tolerance || counted > cycle / 4));
}

function byCounter({ counted, cycles, cycle }: Way): CountGap {
  return { kind: 'counter', missing: counted + (cycles > 0 ? cycles * cycle : 0), cycles };
}

/** The frames missing by a count that the time contradicts: by jitter, or because the clock was set. */
function contradicted(way: Way, { late, apart }: CountStep): CountGap {
  const gap = byCounter(way);
  return Math.abs(late - gap.missing) <= Math.min(way.cycle / 4, apart / 2) ? gap : { ...gap, kind: 'contradiction' };
}

function byTime(late: number): CountGap {
  return { kind: 'time', missing: Math.max(0, Math.round(late)), cycles: 0 };
}
