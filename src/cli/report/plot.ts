import { escaped } from './report-page.ts';

/** A tick of an axis: its position from 0 to 1 and its label. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Plot {
  /** A description for screen readers. */
  readonly label: string;
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
  /** SVG in a box of `plotWidth` by `plotHeight`, which is stretched to the available space. */
  readonly drawing: string;
}

export const plotWidth = 1200;
export const plotHeight = 400;

/** The x coordinate in the box of a share of its width. */
export function xOf(share: number): number {
  return Math.round(share * plotWidth);
}

/** The y coordinate in the box of a share of its height, from the bottom. */
export function yOf(share: number): number {
  return Math.round((1 - share) * plotHeight);
}

/** A drawing on a grid. Only the drawing is stretched; text keeps its size. */
export function plot({ label, x, y, drawing }: Plot): string {
  const lines = [
    ...x.map(({ at }) => `M${xOf(at)} 0v${plotHeight}`),
    ...y.map(({ at }) => `M0 ${yOf(at)}h${plotWidth}`),
  ];
  const box = `viewBox="0 0 ${plotWidth} ${plotHeight}" preserveAspectRatio="none" role="img" aria-label="${escaped(label)}"`;
  const ticks = y.map(
    ({ at, label: name }) => `<span class="tick y" style="bottom:${percent(at)}">${escaped(name)}</span>`,
  );
  return `<div class="plot"><svg ${box}><path class="grid" d="${lines.join('')}"/>${drawing}</svg><div aria-hidden="true">${ticks.join('')}</div></div>`;
}

/** The axis labels below one or more plots. */
export function xAxis(ticks: readonly Tick[]): string {
  const spans = ticks.map(
    ({ at, label }) => `<span class="tick x" style="left:${percent(at)}">${escaped(label)}</span>`,
  );
  return `<div class="axis" aria-hidden="true">${spans.join('')}</div>`;
}

/** A share as a CSS percentage. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))}%`;
}

/** A plot with its name and a short note beside it. */
export interface Lane extends Pick<Plot, 'y' | 'drawing'> {
  readonly name: string;
  readonly note: string;
}

export const laneStyle = `
.lane { display: grid; grid-template-columns: 8rem minmax(0, 1fr); column-gap: 4rem; margin: .4rem .8rem .4rem 0; }
.lane > :last-child { grid-column: 2; } .name { align-self: center; line-height: 1.25; } .name small { display: block; }
@media (max-width: 44rem) { .lane { display: block; margin-left: 3.2rem; } .name { margin: .7rem 0 .3rem -3.2rem; } .name small { display: inline; } }`;

/** Lanes stacked vertically above a shared axis. */
export function stacked(lanes: readonly Lane[], x: readonly Tick[]): string {
  const rows = lanes.map(({ name, note, y, drawing }) => {
    const words = `<div class="name">${escaped(name)} <small>${escaped(note)}</small></div>`;
    return `<div class="lane">${words}${plot({ label: `${name}, ${note}`, x, y, drawing })}</div>\n`;
  });
  return `${rows.join('')}<div class="lane">${xAxis(x)}</div>`;
}
