import { basename } from 'node:path';
import type { Weights } from '../../core/network/weights.ts';
import { kernelMaps, kernelMapsStyle } from './kernel-maps.ts';
import { type CurvePoint, learningCurve, learningCurveStyle } from './learning-curve.ts';
import type { Task } from './learning-rivals.ts';
import { learningVerdict } from './learning-verdict.ts';
import { escaped, reportPage } from './report-page.ts';

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
