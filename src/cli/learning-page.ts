import type { Score } from '../core/forecast-score.ts';
import type { Weights } from '../core/weights.ts';
import { curvePicture, escaped, kernelPicture } from './svg.ts';

/** The score after a frame. */
export interface CurvePoint {
  readonly frame: number;
  readonly score: Score;
}

/** What a page on a learner shows. */
export interface Learning {
  readonly title: string;
  readonly task: string;
  /** Hz; 0: irregular. */
  readonly rate: number;
  readonly curve: readonly CurvePoint[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly before: Weights;
  readonly after: Weights;
}

/** The most kernels that are drawn of a layer. */
const mostKernels = 16;

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1c2530;background:#fff}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}svg{max-width:100%;height:auto}figure{display:inline-block;margin:.4rem 1rem .4rem 0}
figcaption{font-size:.85rem;color:#556}table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:right}th:first-child{text-align:left}
.pair{display:flex;flex-wrap:wrap;gap:.5rem}`;

/** A page that needs nothing beside itself: the learning curve, and every layer's kernels before and after. */
export function learningPage({ title, task, rate, curve, inputs, outputs, before, after }: Learning): string {
  const time = curve.map(({ frame }) => (rate > 0 ? frame / rate : frame));
  const lines = [
    { name: 'learned', color: '#c2410c', y: curve.map(({ score }) => score.nmse) },
    { name: 'nothing changes', color: '#475569', y: curve.map(({ score }) => score.persistence) },
    { name: 'moving average', color: '#0f766e', y: curve.map(({ score }) => score.movingAverage) },
    { name: 'constant and mains', color: '#7c3aed', y: curve.map(({ score }) => score.mains) },
  ];
  const names = Object.keys(after).filter((name) => after[name].shape.length === 3);
  const last = names.at(-1);
  const kernels = names.map((name) => {
    const seen = name === names[0] ? inputs : [];
    const said = name === last ? outputs : [];
    return `<h2>${escaped(name)}</h2>${kernelPairs(before[name], after[name], seen, said)}`;
  });
  const { overall } = curve.at(-1)?.score ?? { overall: undefined };
  const rows = overall
    ? lines.map(({ name }, i) => {
        const share = [overall.nmse, overall.persistence, overall.movingAverage, overall.mains][i];
        return `<tr><th>${name}</th><td>${Number.isFinite(share) ? share.toPrecision(3) : '-'}</td></tr>`;
      })
    : [];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}: what was learned</title><style>${style}</style></head>
<body><h1>${escaped(title)}: ${escaped(task)}, learned in one pass</h1>
<p>Squared error over the variance of the truth, of predictions that were made before their frame was learned; running, and below over all.</p>
${curvePicture(time, lines, rate > 0 ? 's' : 'frames')}
<table><tr><th>over all</th><th>error / variance</th></tr>${rows.join('')}</table>
${kernels.join('\n')}
</body></html>
`;
}

function kernelPairs(
  before: Weights[string],
  after: Weights[string],
  seen: readonly string[],
  said: readonly string[],
): string {
  const shown = Math.min(after.shape[0], mostKernels);
  const pairs = Array.from({ length: shown }, (_, o) => {
    const name = said[o] ?? `kernel ${o + 1}`;
    const scale = Math.max(extent(before, o), extent(after, o));
    const pictures = [kernelPicture(before, o, scale, seen, 'before'), kernelPicture(after, o, scale, seen, 'after')];
    return `<div><strong>${escaped(name)}</strong><div class="pair">${pictures.join('')}</div></div>`;
  });
  const rest = after.shape[0] - shown;
  return `${pairs.join('')}${rest > 0 ? `<p>and ${rest} more</p>` : ''}`;
}

function extent({ shape, data }: Weights[string], o: number): number {
  const size = shape[1] * shape[2];
  return data.slice(o * size, (o + 1) * size).reduce((most, w) => Math.max(most, Math.abs(w)), 0);
}
