import type { Score } from '../../core/learning/forecast-score.ts';
import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import type { Standing } from '../../core/learning/running-errors.ts';
import { decadeTicks, timeTicks } from './axis.ts';
import { ridge } from './envelope.ts';
import { percent, plot, xAxis } from './plot.ts';
import { escaped } from './report-page.ts';

export type Task = NonNullable<LearnerOptions['task']>;

/** Who is scored, what it is called, and its squared error over the variance of the truth. */
export interface Contestant {
  readonly name: string;
  /** Of its line. */
  readonly color: string;
  readonly error: (standing: Standing) => number;
}

/** The learner, and the rivals that tell something at a task: only a forecast knows truths that came before. */
export function contestants(task: Task): readonly [Contestant, ...Contestant[]] {
  const learner = { name: 'learned', color: 'accent', error: ({ nmse }: Standing) => nmse };
  const still = ({ persistence }: Standing) => persistence;
  if (task !== 'forecast') return [learner, { name: 'running mean', color: 'muted', error: still }];
  return [
    learner,
    { name: 'nothing changes', color: 'muted', error: still },
    { name: 'moving average', color: 'other', error: ({ movingAverage }) => movingAverage },
    { name: 'constant + mains', color: 'third', error: ({ mains }) => mains },
  ];
}

/** The score after a frame. */
export interface CurvePoint {
  readonly frame: number;
  readonly score: Score;
}

/** How far apart the names of two lines stand at least, of the height. */
const apart = 0.11;

export const learningCurveStyle = `
.curve { --height: 20rem; padding-right: 8.5rem; padding-left: 3.5rem; } .curve .plot path:not(.grid) { stroke-width: 1.6; }
.ends { position: absolute; inset: 0; } .ends span { position: absolute; left: calc(100% + .5rem); width: 7.5rem; transform: translateY(50%); font-size: 13px; line-height: 1.05; }
.ends .line-accent { font-weight: 650; } .room { position: relative; }
.line-accent { stroke: var(--accent); color: var(--accent); } .line-muted { stroke: var(--muted); color: var(--muted); }
.line-other { stroke: var(--other); color: var(--other); } .line-third { stroke: var(--third); color: var(--third); }
@media (max-width: 44rem) { .curve { --height: 16rem; padding-right: 5rem; padding-left: 2.7rem; } .ends span { width: 4.6rem; font-size: 12px; } }`;

/** The errors of the learner and its rivals as time goes on, each line with its name at its end. */
export function learningCurve(task: Task, curve: readonly CurvePoint[], rate: number): string {
  const recent = curve.some(({ score }) => Number.isFinite(score.nmse));
  const lines = contestants(task)
    .map(({ name, color, error }) => {
      const errors = curve.map(({ score }) => error(recent ? score : score.overall));
      return { name, color, logs: Float64Array.from(errors, (each) => (each > 0 ? Math.log10(each) : NaN)) };
    })
    .filter(({ logs }) => logs.some(Number.isFinite));
  if (curve.length < 2 || lines.length === 0) return '<p>Too short for a curve.</p>';
  const all = lines.flatMap(({ logs }) => [...logs]).filter(Number.isFinite);
  const [least, most] = [Math.min(...all) - 0.05, Math.max(...all, 0) + 0.05];
  const last = curve[curve.length - 1].frame;
  const x = timeTicks(0, (1000 * last) / rate, false);
  const paths = lines.map(
    ({ color, logs }) => `<path class="line-${color}" d="${ridge(logs, least, most, (i) => curve[i].frame / last)}"/>`,
  );
  const ends = spread(lines.map(({ logs }) => ((logs.findLast(Number.isFinite) ?? most) - least) / (most - least)));
  const names = lines.map(
    ({ name, color }, i) => `<span class="line-${color}" style="bottom:${percent(ends[i])}">${escaped(name)}</span>`,
  );
  const drawn = plot({
    label: `Error over variance as time goes on, of ${lines.map(({ name }) => name).join(', ')}`,
    x,
    y: decadeTicks(10 ** least, 10 ** most),
    drawing: paths.join(''),
  });
  const over = recent ? 'of the last seconds' : 'so far';
  return `<div class="card curve"><div class="room">${drawn}<div class="ends">${names.join('')}</div></div>${xAxis(x)}
<p class="muted">Squared error ${over} over the variance of the truth: 1 is what saying its mean would bring, lower is better. Along: the time since the recording began.</p></div>`;
}

/** Heights from 0 to 1 that leave room for a name each, as near to those that are wanted as may be. */
function spread(wanted: readonly number[]): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
  const heights = [...wanted];
  for (const [k, i] of order.entries()) if (k > 0) heights[i] = Math.max(heights[i], heights[order[k - 1]] + apart);
  for (const [k, i] of [...order].reverse().entries())
    heights[i] = Math.min(heights[i], k === 0 ? 1 : heights[order[order.length - k]] - apart);
  return heights;
}
