import { basename } from 'node:path';
import type { RunningScore } from '../../core/learning/forecast-score.ts';
import type { ErrorStats } from '../../core/learning/running-errors.ts';
import { type Method, methods, type Task } from '../report/learning-curve.ts';
import { textTable } from '../text-table.ts';

/** A recording and the score of the predictions for it. */
export interface RecordingResult {
  readonly path: string;
  /** undefined: no frame was predicted. */
  readonly score: RunningScore | undefined;
}

/** The mean of all targets. Its squared error is their variance, which is the unit of all errors. */
const mean: Method = { name: 'mean', color: 'muted', error: ({ persistence }) => (isNaN(persistence) ? NaN : 1) };

/** The learner, then the baselines of a task that a text report compares it with. */
export function compared(task: Task): readonly [Method, Method, ...Method[]] {
  const [learner, baseline, ...others] = methods(task);
  return task === 'target' ? [learner, baseline, mean, ...others] : [learner, baseline, ...others];
}

/** One line per recording: the errors of the learner and the baselines divided by the variance of the target, and the skill. */
export function recordingTable(title: string, task: Task, results: readonly RecordingResult[]): string {
  if (results.length === 0) return '';
  const all = compared(task);
  const row = ({ path, score }: RecordingResult) => [
    basename(path),
    String(score?.frames ?? 0),
    ...[...all.map(({ error }) => error), skill].map((of) => (score ? shown(of(score.overall)) : '-')),
  ];
  return textTable([[title, 'scored', ...all.map(({ name }) => name), 'skill'], ...results.map(row)]);
}

function skill(stats: ErrorStats): number {
  return stats.skill;
}

/** A number of a table; '-' if it is undefined. */
export function shown(share: number): string {
  if (!Number.isFinite(share)) return '-';
  return Math.abs(share) > 0 && Math.abs(share) < 1e-3 ? share.toExponential(2) : share.toPrecision(3);
}
