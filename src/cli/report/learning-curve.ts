import type { Score } from '../../core/learning/forecast-score.ts';
import type { ErrorStats } from '../../core/learning/running-errors.ts';
import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import { decadeTicks, timeTicks } from './axis.ts';
import { ridge } from './envelope.ts';
import { percent, plot, xAxis } from './plot.ts';
import { escaped } from './report-page.ts';

export type Task = NonNullable<LearnerOptions['task']>;

/** The learner or a baseline, with its squared error relative to the variance of the target. */
export interface Method {
  readonly name: string;
  /** Class of its line in the plot. */
  readonly color: string;
  readonly error: (standing: ErrorStats) => number;
}

/** The learner, then the baselines of a task. Only a forecast has targets that were known before. */
export function methods(task: Task): readonly [Method, Method, ...Method[]] {
  const learner = { name: 'learned', color: 'accent', error: ({ nmse }: ErrorStats) => nmse };
  const constant = ({ persistence }: ErrorStats) => persistence;
  if (task !== 'forecast') return [learner, { name: 'running mean', color: 'muted', error: constant }];
  return [
    learner,
    { name: 'persistence', color: 'muted', error: constant },
    { name: 'moving average', color: 'other', error: ({ movingAverage }) => movingAverage },
    { name: 'power-line baseline', color: 'third', error: ({ powerLine }) => powerLine },
  ];
}

/** The score after a frame. */
export interface CurvePoint {
  readonly frame: number;
  readonly score: Score;
}

/** Minimum distance between the names of two lines, relative to the height of the plot. */
const minNameDistance = 0.11;

export const learningCurveStyle = `
.curve { --height: 20rem; padding-right: 8.5rem; padding-left: 3.5rem; } .curve .plot path:not(.grid) { stroke-width: 1.6; }
.ends { position: absolute; inset: 0; } .ends span { position: absolute; left: calc(100% + .5rem); width: 7.5rem; transform: translateY(50%); font-size: 13px; line-height: 1.05; }
.ends .line-accent { font-weight: 650; } .room { position: relative; }
.line-accent { stroke: var(--accent); color: var(--accent); } .line-muted { stroke: var(--muted); color: var(--muted); }
.line-other { stroke: var(--other); color: var(--other); } .line-third { stroke: var(--third); color: var(--third); }
@media (max-width: 44rem) { .curve { --height: 16rem; padding-right: 5rem; padding-left: 2.7rem; } .ends span { width: 4.6rem; font-size: 12px; } }`;

/** The errors of the learner and the baselines over time, each line with its name at its end. */
export function learningCurve(task: Task, curve: readonly CurvePoint[], rate: number): string {
  const recent = curve.some(({ score }) => Number.isFinite(score.nmse));
  const lines = methods(task)
    .map(({ name, color, error }) => {
      const errors = curve.map(({ score }) => error(recent ? score : score.overall));
      return { name, color, logs: Float64Array.from(errors, (each) => (each > 0 ? Math.log10(each) : NaN)) };
    })
    .filter(({ logs }) => logs.some(Number.isFinite));
  if (curve.length < 2 || lines.length === 0) return '<p>The recording is too short for a curve.</p>';
  const all = lines.flatMap(({ logs }) => [...logs]).filter(Number.isFinite);
  const [low, high] = [Math.min(...all) - 0.05, Math.max(...all, 0) + 0.05];
  const last = curve[curve.length - 1].frame;
  const x = timeTicks(0, (1000 * last) / rate, false);
  const paths = lines.map(
    ({ color, logs }) => `<path class="line-${color}" d="${ridge(logs, low, high, (i) => curve[i].frame / last)}"/>`,
  );
  const ends = spreadOut(lines.map(({ logs }) => ((logs.findLast(Number.isFinite) ?? high) - low) / (high - low)));
  const names = lines.map(
    ({ name, color }, i) => `<span class="line-${color}" style="bottom:${percent(ends[i])}">${escaped(name)}</span>`,
  );
  const drawn = plot({
    label: `Error divided by variance over time: ${lines.map(({ name }) => name).join(', ')}`,
    x,
    y: decadeTicks(10 ** low, 10 ** high),
    drawing: paths.join(''),
  });
  const error = recent ? 'Recent squared error' : 'Squared error since the start';
  return `<div class="card curve"><div class="room">${drawn}<div class="ends">${names.join('')}</div></div>${xAxis(x)}
<p class="muted">${error}, divided by the variance of the target. 1 is as good as predicting the mean; lower is better. Horizontal axis: time since the start of the recording.</p></div>`;
}

/** Heights from 0 to 1, as close as possible to those wanted, that are at least `minNameDistance` apart. */
function spreadOut(wanted: readonly number[]): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
  const heights = [...wanted];
  for (const [k, i] of order.entries())
    if (k > 0) heights[i] = Math.max(heights[i], heights[order[k - 1]] + minNameDistance);
  for (const [k, i] of [...order].reverse().entries())
    heights[i] = Math.min(heights[i], k === 0 ? 1 : heights[order[order.length - k]] - minNameDistance);
  return heights;
}
