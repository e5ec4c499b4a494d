import type { Standing } from '../../core/learning/running-errors.ts';
import type { Weights } from '../../core/network/weights.ts';
import { kernelMaps, kernelMapsStyle } from './kernel-maps.ts';
import { contestants, type CurvePoint, learningCurve, learningCurveStyle, type Task } from './learning-curve.ts';
import { escaped, reportPage } from './report-page.ts';
import { basename } from 'node:path';

/** What a page on a learner shows. */
export interface Learning {
  readonly title: string;
  readonly task: Task;
  /** Hz. */
  readonly rate: number;
  readonly curve: readonly CurvePoint[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly before: Weights;
  readonly after: Weights;
}

/** A page that needs nothing beside itself: how well it was learned, how that went, and every layer's kernels. */
export function learningPage({ title, task, rate, curve, inputs, outputs, before, after }: Learning): string {
  const name = escaped(basename(title));
  const names = Object.keys(after).filter((each) => after[each].shape.length === 3);
  const last = names[names.length - 1];
  const layers = names.map((each) => {
    const labels = { inputs: each === names[0] ? inputs : [], outputs: each === last ? outputs : [] };
    return `<h2>${names.length > 1 ? escaped(each) : 'What it has learned'}</h2>\n${kernelMaps(before[each], after[each], labels)}`;
  });
  return reportPage({
    title: `${name}: what was learned`,
    style: learningCurveStyle + kernelMapsStyle,
    body: `<h1>${name}</h1>
${learningVerdict(task, curve)}
<h2>How learning went</h2>
${learningCurve(task, curve, rate)}
${layers.join('\n')}`,
  });
}

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

function compared({ skill }: Standing): string {
  if (skill < -1) return `${(1 - skill).toPrecision(2)} times as large as`;
  const percent = Math.floor(100 * Math.abs(skill));
  return percent === 0 ? 'about as large as' : `${percent} % ${skill > 0 ? 'smaller' : 'larger'} than`;
}
