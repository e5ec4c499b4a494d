import type uPlot from 'uplot';
import { addElement, setText } from './dom.ts';
import type { Theme } from './theme.ts';

/** One of two panels side by side: a heading with a caption, and the element of the plot. */
export interface PlotPanel {
  readonly head: HTMLElement;
  readonly caption: HTMLElement;
  readonly body: HTMLElement;
}

/** Adds a panel with a title and a caption to a `.tapline-pair`. */
export function addPlotPanel(root: HTMLElement, title: string, text: string): PlotPanel {
  const panel = addElement(root, 'div', 'tapline-panel');
  const head = addElement(panel, 'div', 'tapline-head');
  setText(addElement(head, 'strong', ''), title);
  const caption = addElement(head, 'span', '');
  setText(caption, text);
  return { head, caption, body: addElement(panel, 'div', 'tapline-body') };
}

/** uPlot options of a plot without cursor, selection, and legend. */
export const staticPlot: Pick<uPlot.Options, 'cursor' | 'legend' | 'select' | 'padding'> = {
  legend: { show: false },
  select: { show: false, left: 0, top: 0, width: 0, height: 0 },
  cursor: { show: false, drag: { x: false, y: false, setScale: false } },
  padding: [6, 20, 0, 0],
};

/** The two axes of a small plot, with few and short numbers. */
export function smallPlotAxes(theme: Theme, showX: (x: number) => string, showY: (y: number) => string): uPlot.Axis[] {
  const shared = { font: theme.font, stroke: theme.muted, grid: { stroke: theme.line, width: 1 } };
  return [
    {
      ...shared,
      size: theme.axis,
      gap: 4,
      space: 60,
      ticks: { stroke: theme.line, width: 1, size: 4 },
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
