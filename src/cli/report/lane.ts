import { plot, xAxis, type Plot, type Tick } from './plot.ts';
import { escaped } from './report-page.ts';

/** A plot with its name and a few words beside it. */
export interface Lane extends Pick<Plot, 'y' | 'drawing'> {
  readonly name: string;
  readonly note: string;
}

export const laneStyle = `
.lane { display: grid; grid-template-columns: 8rem minmax(0, 1fr); column-gap: 4rem; margin: .4rem .8rem .4rem 0; }
.lane > :last-child { grid-column: 2; } .name { align-self: center; line-height: 1.25; } .name small { display: block; }
@media (max-width: 44rem) { .lane { display: block; margin-left: 3.2rem; } .name { margin: .7rem 0 .3rem -3.2rem; } .name small { display: inline; } }`;

/** Lanes one above the other, and under them the axis that they share. */
export function stacked(lanes: readonly Lane[], x: readonly Tick[]): string {
  const rows = lanes.map(({ name, note, y, drawing }) => {
    const words = `<div class="name">${escaped(name)} <small>${escaped(note)}</small></div>`;
    return `<div class="lane">${words}${plot({ label: `${name}, ${note}`, x, y, drawing })}</div>\n`;
  });
  return `${rows.join('')}<div class="lane">${xAxis(x)}</div>`;
}
