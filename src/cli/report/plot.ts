import { escaped } from './report-page.ts';

/** A mark on an axis: where, from 0 to 1, and what it says. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Plot {
  /** What is to be seen, for those who do not see it. */
  readonly label: string;
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
  /** SVG in a box of `plotWidth` by `plotHeight`, which is stretched to what room there is. */
  readonly drawing: string;
}

export const plotWidth = 1200;
export const plotHeight = 400;

/** Where in the box a share of its width, or of its height from the bottom, lies. */
export function across(share: number): number {
  return Math.round(share * plotWidth);
}

export function up(share: number): number {
  return Math.round((1 - share) * plotHeight);
}

/** A drawing on a grid. Only the drawing is stretched: what is written stays as large as other text. */
export function plot({ label, x, y, drawing }: Plot): string {
  const lines = [
    ...x.map(({ at }) => `M${across(at)} 0v${plotHeight}`),
    ...y.map(({ at }) => `M0 ${up(at)}h${plotWidth}`),
  ];
  const box = `viewBox="0 0 ${plotWidth} ${plotHeight}" preserveAspectRatio="none" role="img" aria-label="${escaped(label)}"`;
  const ticks = y.map(
    ({ at, label: name }) => `<span class="tick y" style="bottom:${percent(at)}">${escaped(name)}</span>`,
  );
  return `<div class="plot"><svg ${box}><path class="grid" d="${lines.join('')}"/>${drawing}</svg><div aria-hidden="true">${ticks.join('')}</div></div>`;
}

/** What is written under plots that stand above each other. */
export function xAxis(ticks: readonly Tick[]): string {
  const spans = ticks.map(
    ({ at, label }) => `<span class="tick x" style="left:${percent(at)}">${escaped(label)}</span>`,
  );
  return `<div class="axis" aria-hidden="true">${spans.join('')}</div>`;
}

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))}%`;
}
