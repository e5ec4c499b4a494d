import type uPlot from 'uplot';
import type { Theme } from './theme.ts';

/** A plot that only shows: no cursor, selection or legend. */
export const plainCursor: Pick<uPlot.Options, 'cursor' | 'legend' | 'select' | 'padding'> = {
  legend: { show: false },
  select: { show: false, left: 0, top: 0, width: 0, height: 0 },
  cursor: { show: false, drag: { x: false, y: false, setScale: false } },
  padding: [6, 20, 0, 0],
};

/** The two axes of a small plot, with few and short numbers; `incrs` are the steps that the first may have. */
export function lineAxes(
  theme: Theme,
  showX: (x: number) => string,
  showY: (y: number) => string,
  incrs?: number[],
): uPlot.Axis[] {
  const shared = { font: theme.font, stroke: theme.muted, grid: { stroke: theme.line, width: 1 } };
  return [
    {
      ...shared,
      size: theme.axis,
      gap: 4,
      space: 60,
      ticks: { stroke: theme.line, width: 1, size: 4 },
      ...(incrs && { incrs }),
      values: (_, splits) => splits.map(showX),
    },
    {
      ...shared,
      size: 42,
      gap: 5,
      space: (_plot, _axis, _low, _high, size) => Math.max(22, size / 6),
      ticks: { show: false },
      values: (_, splits) => splits.map(showY),
    },
  ];
}
