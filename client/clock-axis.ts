import type uPlot from 'uplot';
import { formatClock, timeSteps } from './format-time.ts';

/** Width in px that the label at the right edge needs. */
const edgeWidth = 52;

/**
 * Ticks at round times of day, for an x axis in seconds relative to `end` (ms since 1970; NaN = no data). `edge` is the
 * label at the right edge, such as 'now'; empty for none.
 */
export function clockTicks(
  end: () => number,
  edge: () => string,
): Required<Pick<uPlot.Axis, 'incrs' | 'splits' | 'values'>> {
  return {
    incrs: timeSteps,
    splits: (plot, _axis, low, high, step) => {
      const ticks = roundTimes(end(), low, high, step);
      if (edge() === '') return ticks;
      const room = ((high - low) * edgeWidth) / Math.max(1, plot.over.clientWidth);
      return [...ticks.filter((x) => x < high - room), high];
    },
    values: (_plot, splits, _axis, _space, step) =>
      splits.map((x, at) => (edge() !== '' && at === splits.length - 1 ? edge() : formatClock(end() + 1000 * x, step))),
  };
}

/** The times from `low` to `high` (s relative to `end`) that are multiples of `step` s of the local time of day. */
export function roundTimes(end: number, low: number, high: number, step: number): number[] {
  if (!Number.isFinite(end)) return [];
  const zone = -60 * new Date(end).getTimezoneOffset();
  const now = end / 1000 + zone;
  const first = Math.ceil((now + low) / step - 1e-6);
  const last = Math.floor((now + high) / step + 1e-6);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => (first + at) * step - now);
}
