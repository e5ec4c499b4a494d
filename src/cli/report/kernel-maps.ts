import type { Weights } from '../../core/network/weights.ts';
import { counted } from '../amounts.ts';
import { percent } from './plot.ts';
import { escaped } from './report-page.ts';

/** The names of the input and output channels of a layer; empty if they have no names. */
export interface KernelNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Kernels of a layer beyond this number are folded. */
const maxOpenKernels = 6;
/** Maximum number of kernels of a layer that are drawn. */
const maxKernels = 16;

export const kernelMapsStyle = `
.kernels { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); margin-top: .6rem; }
.kernel figure { display: grid; grid-template-columns: minmax(2.5rem, auto) minmax(0, 1fr); gap: 0 .5rem; margin: .6rem 0 0; }
.kernel svg { display: block; width: 100%; background: var(--ground); } .kernel figcaption { grid-column: 1 / -1; }
.above { fill: var(--above); } .below { fill: var(--below); } .rows { position: relative; font-size: 11px; line-height: 1; color: var(--muted); max-width: 9rem; }
.rows span { display: flex; align-items: center; justify-content: end; white-space: nowrap; } .rows i { overflow: hidden; text-overflow: ellipsis; font-style: normal; }
.lags { grid-column: 2; position: relative; height: 1.4rem; }
.scale { display: flex; align-items: center; gap: .5rem; font-size: 11px; color: var(--muted); } .scale i { width: 8rem; height: .6rem;
  background: linear-gradient(90deg, var(--below), var(--ground), var(--above)); border: 1px solid var(--edge); }`;

/** The kernels of a layer after learning, next to those before it unless all of these were zero. */
export function kernelMaps(before: Weights[string], after: Weights[string], { inputs, outputs }: KernelNames): string {
  const blank = before.data.every((weight) => weight === 0);
  const drawn = Math.min(after.shape[0], maxKernels);
  const cards = Array.from({ length: drawn }, (_, o) => {
    const scale = Math.max(extent(before, o), extent(after, o));
    const maps = blank
      ? kernelMap(after, o, { scale, inputs })
      : kernelMap(before, o, { scale, inputs, caption: 'Before' }) +
        kernelMap(after, o, { scale, inputs, caption: 'After' });
    const name = outputs[o] ?? `Kernel ${o + 1}`;
    return `<section class="card kernel"><h3>${escaped(name)}</h3>${maps}${legend(scale)}</section>`;
  });
  const initial = blank ? ' All weights were zero before learning.' : '';
  const folded =
    drawn > maxOpenKernels
      ? `<details><summary>${drawn - maxOpenKernels} more</summary>${grid(cards.slice(maxOpenKernels))}</details>`
      : '';
  const rest = after.shape[0] - drawn;
  return `<p class="muted">Weight of each input by lag in frames; lag 0 is the newest frame.${initial}</p>
${grid(cards.slice(0, maxOpenKernels))}${folded}${rest > 0 ? `<p class="muted">${counted(rest, 'more kernel')} not shown.</p>` : ''}`;
}

function grid(cards: readonly string[]): string {
  return `<div class="kernels">${cards.join('\n')}</div>`;
}

/** The largest absolute weight of kernel `o`. */
function extent({ shape, data }: Weights[string], o: number): number {
  const size = shape[1] * shape[2];
  return data.slice(o * size, (o + 1) * size).reduce((max, weight) => Math.max(max, Math.abs(weight)), 0);
}

function legend(scale: number): string {
  const end = scale.toPrecision(2);
  return `<div class="scale"><span>\u2212${end}</span><i></i><span>+${end}</span></div>`;
}

interface KernelMapOptions {
  /** The absolute weight that is drawn in full color. */
  readonly scale: number;
  readonly inputs: readonly string[];
  readonly caption?: string;
}

/** Number of shades from faint to full color. */
const shades = 20;
/** Maximum number of rows, and of lags, that are labeled. */
const maxNames = 16;

/** Kernel `o` as a heat map: one row per input channel, the oldest tap at the left and the newest at the right. */
function kernelMap({ shape, data }: Weights[string], o: number, { scale, inputs, caption }: KernelMapOptions): string {
  const [, taps, rows] = shape;
  const weight = (row: number, lag: number) => data[(o * taps + lag) * rows + row];
  const name = (row: number) => inputs[row] ?? `input ${row + 1}`;
  const cells = new Map<number, string>();
  let [strongestRow, strongestLag] = [0, 0];
  for (let row = 0; row < rows; row++)
    for (let lag = 0; lag < taps; lag++) {
      const shade = scale > 0 ? Math.round((weight(row, lag) / scale) * shades) : 0;
      cells.set(shade, `${cells.get(shade) ?? ''}M${taps - 1 - lag} ${row}h1v1h-1z`);
      if (Math.abs(weight(row, lag)) > Math.abs(weight(strongestRow, strongestLag)))
        [strongestRow, strongestLag] = [row, lag];
    }
  cells.delete(0);
  const paths = [...cells].map(
    ([shade, d]) =>
      `<path class="${shade < 0 ? 'below' : 'above'}" fill-opacity="${Math.abs(shade) / shades}" d="${d}"/>`,
  );
  const strongest = `strongest weight ${weight(strongestRow, strongestLag).toPrecision(3)} on ${name(strongestRow)} at lag ${strongestLag}`;
  const text = escaped(caption ? `${caption}: ${strongest}` : `S${strongest.slice(1)}`);
  const rowHeight = Math.max(6, Math.min(20, Math.floor(400 / rows)));
  const every = Math.ceil(rows / maxNames);
  const names = Array.from({ length: Math.ceil(rows / every) }, (_, i) => {
    const height = Math.min(every, rows - i * every) * rowHeight;
    return `<span style="height:${height}px"><i>${escaped(name(i * every))}</i></span>`;
  });
  const box = `viewBox="0 0 ${taps} ${rows}" preserveAspectRatio="none" style="height:${rows * rowHeight}px" shape-rendering="crispEdges"`;
  return `<figure><div class="rows">${names.join('')}</div><svg ${box} role="img" aria-label="${text}">${paths.join('')}</svg>
<div class="lags" aria-hidden="true">${lagLabels(taps).join('')}</div><figcaption><small>${text}</small></figcaption></figure>`;
}

function lagLabels(taps: number): string[] {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => taps / each <= maxNames / 2) ?? taps;
  const lags = Array.from({ length: Math.ceil(taps / every) }, (_, i) => i * every);
  return lags.map((lag) => `<span class="tick x" style="left:${percent((taps - 0.5 - lag) / taps)}">${lag}</span>`);
}
