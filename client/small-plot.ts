import type uPlot from 'uplot';
import { addElement, setText } from './dom.ts';
import type { Theme } from './theme.ts';

/** One of two plots side by side: a line of words on top, and room for the plot. */
export interface PlotPanel {
  readonly head: HTMLElement;
  readonly caption: HTMLElement;
  readonly body: HTMLElement;
}

/** Adds a half with its title and caption to a `.tapline-pair`. */
export function addPlotPanel(root: HTMLElement, title: string, text: string): PlotPanel {
  const side = addElement(root, 'div', 'tapline-half');
  const head = addElement(side, 'div', 'tapline-head');
  setText(addElement(head, 'strong', ''), title);
  const caption = addElement(head, 'span', '');
  setText(caption, text);
  return { head, caption, body: addElement(side, 'div', 'tapline-body') };
}

/** A plot that only shows: no cursor, selection or legend. */
export const staticPlot: Pick<uPlot.Options, 'cursor' | 'legend' | 'select' | 'padding'> = {
  legend: { show: false },
  select: { show: false, left: 0, top: 0, width: 0, height: 0 },
  cursor: { show: false, drag: { x: false, y: false, setScale: false } },
  padding: [6, 20, 0, 0],
};

/** The two axes of a small plot, with few and short numbers; `incrs` are the steps that the first may have. */
export function smallPlotAxes(
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
