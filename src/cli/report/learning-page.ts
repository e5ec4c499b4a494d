import { basename } from 'node:path';
import type { RunningScore } from '../../core/learning/forecast-score.ts';
import type { Weights } from '../../core/network/weights.ts';
import { bestBaseline, compared, scoreRows } from '../learn/score-tables.ts';
import { kernelMaps, kernelMapsStyle } from './kernel-maps.ts';
import { type CurvePoint, learningCurve, learningCurveStyle, methods, type Task } from './learning-curve.ts';
import { escaped, reportPage } from './report-page.ts';
import { reportTable, reportTableStyle } from './report-table.ts';

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
  /** Score at the end of the recordings. */
  readonly score: RunningScore;
  /** What happened, such as counts of frames and which weights were saved. */
  readonly notes: readonly string[];
  /** Why the table of scores contains '-'; undefined if it does not. */
  readonly undefinedNote: string | undefined;
  /** Tables of the scores per recording; the first row of each is its header. */
  readonly tables: readonly (readonly (readonly string[])[])[];
  /** Commands that write the predictions of the saved weights. */
  readonly commands: readonly string[];
  /** What the result means, in sentences. */
  readonly conclusion: string;
}

/** A self-contained HTML page: the result, the learning curve, and the kernels of every layer. */
export function learningPage(content: LearningPage): string {
  const { title, task, rate, curve, inputs, outputs, before, after, conclusion, score } = content;
  const name = escaped(basename(title));
  const names = Object.keys(after).filter((each) => after[each].shape.length === 3);
  const last = names[names.length - 1];
  const layers = names.map((each) => {
    const labels = { inputs: each === names[0] ? inputs : [], outputs: each === last ? outputs : [] };
    return `<h2>${names.length > 1 ? escaped(each) : 'Learned kernels'}</h2>\n${kernelMaps(before[each], after[each], labels)}`;
  });
  return reportPage({
    title: `${name}: learning report`,
    style: learningCurveStyle + kernelMapsStyle + reportTableStyle,
    body: `<h1>${name}</h1>
${result(task, score)}
${conclusion
  .trimEnd()
  .split('\n')
  .map((line) => `<p>${escaped(line)}</p>`)
  .join('\n')}
${scores(content)}
<h2>Learning curve</h2>
${learningCurve(task, curve, rate)}
${layers.join('\n')}`,
  });
}

/** The scores as tables, what happened in the pass, and the commands that write the predictions. */
function scores({ task, score, notes, undefinedNote, tables, commands }: LearningPage): string {
  const paragraph = (text: string) => `<p>${escaped(text)}</p>`;
  return [
    '<h2>Scores</h2>',
    reportTable(scoreRows(task, score)),
    ...(undefinedNote === undefined ? [] : [paragraph(undefinedNote)]),
    ...tables.map(reportTable),
    '<h2>Training and saved weights</h2>',
    ...notes.map(paragraph),
    ...(commands.length > 0 ? ['<h2>Predictions</h2>', '<p>To write the predictions:</p>'] : []),
    ...commands.map((command) => `<pre><code>${escaped(command)}</code></pre>`),
  ].join('\n');
}

/** The result of learning in sentences. */
function result(task: Task, score: RunningScore): string {
  const { overall } = score;
  if (!Number.isFinite(overall.skill)) return '<p class="lead">The recording is too short to judge the result.</p>';
  const [, baseline] = methods(task);
  const best = bestBaseline(task, overall);
  const sameBaseline = compared(task).find(({ name }) => name === best.name)!;
  const recent = relation(score.nmse / sameBaseline.error(score));
  const recently = Number.isFinite(score.skill) ? ` (recently: ${recent.replace(/ (than|as)$/, '')})` : '';
  return `<p class="lead">Over the whole recording, the squared error was <strong>${relation(overall.nmse / best.error)}</strong> that of the best baseline, “${best.name}”${recently}.</p>
<p class="muted">Task: ${task}. Skill: ${overall.skill.toFixed(2).replace('-', '\u2212')} (1 is perfect, 0 is no better than “${baseline.name}”). Every prediction was made before the network was trained on its frame.</p>`;
}

/** How an error compares with another one, given their ratio. */
function relation(ratio: number): string {
  if (ratio > 2) return `${ratio.toPrecision(2)} times as large as`;
  const percent = Math.floor(100 * Math.abs(1 - ratio));
  return percent === 0 ? 'about as large as' : `${percent}% ${ratio < 1 ? 'smaller' : 'larger'} than`;
}
