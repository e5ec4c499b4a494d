import type { Weights } from '../../core/network/weights.ts';
import { kernelMap } from './kernel-map.ts';
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
