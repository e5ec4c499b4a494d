import type { Weights } from '../../core/network/weights.ts';
import { percent } from './plot.ts';
import { escaped } from './report-page.ts';

/** What the input and the output channels of a layer are called, where they have names. */
export interface KernelNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The most kernels of a layer that are shown without being asked for, and that are drawn. */
const [mostShown, mostKernels] = [6, 16];

export const kernelMapsStyle = `
.kernels { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); margin-top: .6rem; }
.kernel figure { display: grid; grid-template-columns: minmax(2.5rem, auto) minmax(0, 1fr); gap: 0 .5rem; margin: .6rem 0 0; }
.kernel svg { display: block; width: 100%; background: var(--ground); } .kernel figcaption { grid-column: 1 / -1; }
.above { fill: var(--above); } .below { fill: var(--below); } .rows { position: relative; font-size: 11px; line-height: 1; color: var(--muted); max-width: 9rem; }
.rows span { display: flex; align-items: center; justify-content: end; white-space: nowrap; } .rows i { overflow: hidden; text-overflow: ellipsis; font-style: normal; }
.lags { grid-column: 2; position: relative; height: 1.4rem; }
.scale { display: flex; align-items: center; gap: .5rem; font-size: 11px; color: var(--muted); } .scale i { width: 8rem; height: .6rem;
  background: linear-gradient(90deg, var(--below), var(--ground), var(--above)); border: 1px solid var(--edge); }`;

/** The kernels of a layer after learning; those before it beside them, unless they began as zeros. */
export function kernelMaps(before: Weights[string], after: Weights[string], { inputs, outputs }: KernelNames): string {
  const blank = before.data.every((weight) => weight === 0);
  const drawn = Math.min(after.shape[0], mostKernels);
  const cards = Array.from({ length: drawn }, (_, o) => {
    const scale = Math.max(extent(before, o), extent(after, o));
    const maps = blank
      ? kernelMap(after, o, { scale, inputs })
      : kernelMap(before, o, { scale, inputs, caption: 'before' }) +
        kernelMap(after, o, { scale, inputs, caption: 'after' });
    const name = outputs[o] ?? `kernel ${o + 1}`;
    return `<section class="card kernel"><h3>${escaped(name)}</h3>${maps}${legend(scale)}</section>`;
  });
  const began = blank ? ' It began with zeros, saying nothing: all that is here was learned.' : '';
  const folded =
    drawn > mostShown
      ? `<details><summary>${drawn - mostShown} more</summary>${grid(cards.slice(mostShown))}</details>`
      : '';
  const rest = after.shape[0] - drawn;
  return `<p class="muted">How much each input counts, by how many frames it lies back; 0 is the newest.${began}</p>
${grid(cards.slice(0, mostShown))}${folded}${rest > 0 ? `<p class="muted">${rest} others are not drawn.</p>` : ''}`;
}

function grid(cards: readonly string[]): string {
  return `<div class="kernels">${cards.join('\n')}</div>`;
}

function extent({ shape, data }: Weights[string], o: number): number {
  const size = shape[1] * shape[2];
  return data.slice(o * size, (o + 1) * size).reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
}

function legend(scale: number): string {
  const end = scale.toPrecision(2);
  return `<div class="scale"><span>\u2212${end}</span><i></i><span>+${end}</span></div>`;
}

export interface KernelView {
  /** The weight that has full colour. */
  readonly scale: number;
  readonly inputs: readonly string[];
  readonly caption?: string;
}

/** Shades from faint to full. */
const shades = 20;
/** The most rows, and lags, that are named. */
const mostNames = 16;

/** A kernel as a map: a row an input channel, the oldest tap at the left and the newest at the right. */
export function kernelMap({ shape, data }: Weights[string], o: number, { scale, inputs, caption }: KernelView): string {
  const [, taps, rows] = shape;
  const weight = (row: number, lag: number) => data[(o * taps + lag) * rows + row];
  const name = (row: number) => inputs[row] ?? `input ${row + 1}`;
  const cells = new Map<number, string>();
  let [top, newest] = [0, 0];
  for (let row = 0; row < rows; row++)
    for (let lag = 0; lag < taps; lag++) {
      const shade = scale > 0 ? Math.round((weight(row, lag) / scale) * shades) : 0;
      cells.set(shade, `${cells.get(shade) ?? ''}M${taps - 1 - lag} ${row}h1v1h-1z`);
      if (Math.abs(weight(row, lag)) > Math.abs(weight(top, newest))) [top, newest] = [row, lag];
    }
  cells.delete(0);
  const paths = [...cells].map(
    ([shade, d]) =>
      `<path class="${shade < 0 ? 'below' : 'above'}" fill-opacity="${Math.abs(shade) / shades}" d="${d}"/>`,
  );
  const strongest = `strongest: ${weight(top, newest).toPrecision(3)} on ${name(top)}, ${newest} frames back`;
  const said = escaped([caption, strongest].filter((part) => part).join('; '));
  const tall = Math.max(6, Math.min(20, Math.floor(400 / rows)));
  const every = Math.ceil(rows / mostNames);
  const names = Array.from({ length: Math.ceil(rows / every) }, (_, i) => {
    const height = Math.min(every, rows - i * every) * tall;
    return `<span style="height:${height}px"><i>${escaped(name(i * every))}</i></span>`;
  });
  const box = `viewBox="0 0 ${taps} ${rows}" preserveAspectRatio="none" style="height:${rows * tall}px" shape-rendering="crispEdges"`;
  return `<figure><div class="rows">${names.join('')}</div><svg ${box} role="img" aria-label="${said}">${paths.join('')}</svg>
<div class="lags" aria-hidden="true">${lagNames(taps).join('')}</div><figcaption><small>${said}</small></figcaption></figure>`;
}

function lagNames(taps: number): string[] {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => taps / each <= mostNames / 2) ?? taps;
  const lags = Array.from({ length: Math.ceil(taps / every) }, (_, i) => i * every);
  return lags.map((lag) => `<span class="tick x" style="left:${percent((taps - 0.5 - lag) / taps)}">${lag}</span>`);
}
