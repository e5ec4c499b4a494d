import type { ErrorStats } from '../../core/learning/forecast-score.ts';
import type { CurvePoint } from './learning-curve.ts';
import { contestants, type Task } from './learning-rivals.ts';

/** How well it was learned, in sentences. */
export function learningVerdict(task: Task, curve: readonly CurvePoint[]): string {
  const score = curve.at(-1)?.score;
  if (!score || !Number.isFinite(score.overall.skill))
    return '<p class="lead">Too short to tell how well it was learned.</p>';
  const { overall } = score;
  const [, plainest, ...others] = contestants(task);
  const lately = Number.isFinite(score.skill) ? `, and lately ${compared(score)} it` : '';
  const [best] = others
    .filter(({ error }) => error(overall) < Math.min(overall.nmse, overall.persistence))
    .sort((a, b) => a.error(overall) - b.error(overall));
  const better = best
    ? ` The best was ‘${best.name}’: ${best.error(overall).toPrecision(2)} of the variance, learned ${overall.nmse.toPrecision(2)}.`
    : '';
  return `<p class="lead">Over the whole pass the squared error was <strong>${compared(overall)}</strong> that of ‘${plainest.name}’${lately}.${better}</p>
<p class="muted">Skill ${overall.skill.toFixed(2).replace('-', '\u2212')} at the task ${task}: 0 is no better than ‘${plainest.name}’, 1 is perfect. Every prediction was made before its frame was learned.</p>`;
}

function compared({ skill }: ErrorStats): string {
  if (skill < -1) return `${(1 - skill).toPrecision(2)} times as large as`;
  const percent = Math.floor(100 * Math.abs(skill));
  return percent === 0 ? 'about as large as' : `${percent} % ${skill > 0 ? 'smaller' : 'larger'} than`;
}
