import type { Weights } from '../core/weights.ts';

/** One line of a curve; samples that are no numbers leave it open. */
export interface CurveLine {
  readonly name: string;
  readonly color: string;
  readonly y: readonly number[];
}

const [width, height, left, bottom, top] = [900, 320, 60, 34, 26];

/** Text as it may stand in HTML, between tags and in quotes. */
export function escaped(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}

/** Lines over time, the heights logarithmic, as inline SVG. */
export function curvePicture(x: readonly number[], lines: readonly CurveLine[], unit: string): string {
  const all = lines.flatMap(({ y }) => y).filter((share) => share > 0 && share < Infinity);
  if (x.length < 2 || all.length === 0) return '<p>Too short for a curve.</p>';
  const low = Math.floor(Math.log10(all.reduce((a, b) => Math.min(a, b))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(all.reduce((a, b) => Math.max(a, b)))));
  const across = (t: number) => left + ((t - x[0]) / (x[x.length - 1] - x[0])) * (width - left - 10);
  const up = (share: number) => height - bottom - ((Math.log10(share) - low) / (high - low)) * (height - bottom - top);
  const grid = Array.from({ length: high - low + 1 }, (_, i) => {
    const y = up(10 ** (low + i)).toFixed(1);
    const label = `<text x="${left - 8}" y="${y}" dy=".35em" text-anchor="end">${Number((10 ** (low + i)).toPrecision(1))}</text>`;
    return `<line x1="${left}" x2="${width - 10}" y1="${y}" y2="${y}" stroke="#d8dee6"/>${label}`;
  });
  const times = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const t = x[0] + part * (x[x.length - 1] - x[0]);
    return `<text x="${across(t).toFixed(1)}" y="${height - 12}" text-anchor="middle">${t.toPrecision(3)} ${unit}</text>`;
  });
  const paths = lines.map(
    ({ color, y }) => `<path d="${pathOf(x, y, across, up)}" fill="none" stroke="${color}" stroke-width="1.6"/>`,
  );
  const legend = lines.map(
    ({ name, color }, i) => `<text x="${left + i * 190}" y="14" fill="${color}">${escaped(name)}</text>`,
  );
  const label = 'Error over variance as time goes on';
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}" font-size="12">${[...grid, ...times, ...paths, ...legend].join('')}</svg>`;
}

/** One kernel as a heatmap, a row a channel, the newest tap at the right; blue below 0, red above. `scale` is full colour. */
export function kernelPicture(
  { shape, data }: Weights[string],
  o: number,
  scale: number,
  channels: readonly string[],
  caption: string,
): string {
  const [, taps, inputs] = shape;
  const side = Math.max(2, Math.min(18, Math.floor(360 / taps)));
  const tall = Math.max(4, Math.min(18, Math.floor(360 / inputs)));
  const cells = Array.from({ length: taps * inputs }, (_, i) => {
    const [k, c] = [Math.floor(i / inputs), i % inputs];
    const share = scale > 0 ? data[o * taps * inputs + i] / scale : 0;
    const [x, y] = [(taps - 1 - k) * side, c * tall];
    const title = `<title>${escaped(channels[c] ?? `channel ${c + 1}`)}, tap ${k}: ${data[o * taps * inputs + i].toPrecision(4)}</title>`;
    return `<rect x="${x}" y="${y}" width="${side}" height="${tall}" fill="${colorOf(share)}">${title}</rect>`;
  });
  const [w, h] = [taps * side, inputs * tall];
  return `<figure><svg viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img" aria-label="${caption}">${cells.join('')}</svg><figcaption>${caption}</figcaption></figure>`;
}

function pathOf(
  x: readonly number[],
  y: readonly number[],
  across: (t: number) => number,
  up: (share: number) => number,
): string {
  let open = false;
  return x
    .map((t, i) => {
      const known = y[i] > 0 && y[i] < Infinity;
      const step = known ? `${open ? 'L' : 'M'}${across(t).toFixed(1)} ${up(y[i]).toFixed(1)}` : '';
      open = known;
      return step;
    })
    .join('');
}

/** White at 0, blue at -1, red at 1. */
function colorOf(share: number): string {
  const pale = Math.round(255 * (1 - Math.min(1, Math.abs(share))));
  return share < 0 ? `rgb(${pale},${pale},255)` : `rgb(255,${pale},${pale})`;
}
