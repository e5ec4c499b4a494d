import type { Weights } from '../../core/network/weights.ts';
import { percent } from './plot.ts';
import { escaped } from './report-page.ts';

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
