import { basename } from 'node:path';
import type { ErrorStats } from '../../core/learning/running-errors.ts';
import type { Weights } from '../../core/network/weights.ts';
import { kernelMaps, kernelMapsStyle } from './kernel-maps.ts';
import { type CurvePoint, learningCurve, learningCurveStyle, methods, type Task } from './learning-curve.ts';
import { escaped, reportPage } from './report-page.ts';

/** The content of a page on a learner. */
export interface LearningPage {
  /** Path of the recording, or a name of several. */
  readonly title: string;
  readonly task: Task;
  /** Hz. */
  readonly rate: number;
  readonly curve: readonly CurvePoint[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly before: Weights;
  readonly after: Weights;
  /** What the result means, in sentences. */
  readonly conclusion: string;
}

/** A self-contained HTML page: the result, the learning curve, and the kernels of every layer. */
export function learningPage(content: LearningPage): string {
  const { title, task, rate, curve, inputs, outputs, before, after, conclusion } = content;
  const name = escaped(basename(title));
  const names = Object.keys(after).filter((each) => after[each].shape.length === 3);
  const last = names[names.length - 1];
  const layers = names.map((each) => {
    const labels = { inputs: each === names[0] ? inputs : [], outputs: each === last ? outputs : [] };
    return `<h2>${names.length > 1 ? escaped(each) : 'Learned kernels'}</h2>\n${kernelMaps(before[each], after[each], labels)}`;
  });
  return reportPage({
    title: `${name}: learning report`,
    style: learningCurveStyle + kernelMapsStyle,
    body: `<h1>${name}</h1>
${result(task, curve)}
<p>${escaped(conclusion)}</p>
<h2>Learning curve</h2>
${learningCurve(task, curve, rate)}
${layers.join('\n')}`,
  });
}

/** The result of learning in sentences. */
function result(task: Task, curve: readonly CurvePoint[]): string {
  const score = curve.at(-1)?.score;
  if (!score || !Number.isFinite(score.overall.skill))
    return '<p class="lead">The recording is too short to judge the result.</p>';
  const { overall } = score;
  const [, baseline, ...others] = methods(task);
  const recently = Number.isFinite(score.skill) ? ` (recently: ${compared(score).replace(/ (than|as)$/, '')})` : '';
  const [best] = others
    .filter(({ error }) => error(overall) < Math.min(overall.nmse, overall.persistence))
    .sort((a, b) => a.error(overall) - b.error(overall));
  const better = best
    ? ` The best baseline was “${best.name}”: its squared error was ${best.error(overall).toPrecision(2)} times the variance of the target; that of the network was ${overall.nmse.toPrecision(2)} times the variance.`
    : '';
  return `<p class="lead">Over the whole recording, the squared error was <strong>${compared(overall)}</strong> that of the baseline “${baseline.name}”${recently}.${better}</p>
<p class="muted">Task: ${task}. Skill: ${overall.skill.toFixed(2).replace('-', '\u2212')} (1 is perfect, 0 is no better than “${baseline.name}”). Every prediction was made before the network was trained on its frame.</p>`;
}

function compared({ skill }: ErrorStats): string {
  if (skill < -1) return `${(1 - skill).toPrecision(2)} times as large as`;
  const percent = Math.floor(100 * Math.abs(skill));
  return percent === 0 ? 'about as large as' : `${percent}% ${skill > 0 ? 'smaller' : 'larger'} than`;
}
