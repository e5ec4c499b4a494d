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

/** The learner, then the baselines of a task that a report compares it with. */
export function compared(task: Task): readonly [Method, Method, ...Method[]] {
  const [learner, baseline, ...others] = methods(task);
  return [learner, baseline, mean, ...others];
}

/** A baseline, with its squared error divided by the variance of the target. */
export interface BaselineError {
  readonly name: string;
  readonly error: number;
}

/** The baseline with the smallest error. */
export function bestBaseline(task: Task, stats: ErrorStats): BaselineError {
  const [, ...baselines] = compared(task);
  return baselines
    .map(({ name, error }) => ({ name, error: error(stats) }))
    .reduce((best, each) => (each.error < best.error ? each : best));
}

/** The rows of a table with the errors of the learner and the baselines: overall, and of the recent predictions. */
export function scoreRows(task: Task, score: RunningScore): string[][] {
  const row = (name: string, of: (standing: ErrorStats) => number) => [
    name,
    shown(of(score.overall)),
    shown(of(score)),
  ];
  return [
    ['error / variance', 'overall', 'recent'],
    ...compared(task).map(({ name, error }) => row(name, error)),
    row('skill', skill),
    row('loss', ({ loss }) => loss),
  ];
}

/** `recordingRows` as text; '' without results. */
export function recordingTable(title: string, task: Task, results: readonly RecordingResult[]): string {
  return results.length === 0 ? '' : textTable(recordingRows(title, task, results));
}

/**
 * The rows of a table with one row per recording: the errors of the learner and the baselines divided by the variance of the target, and
 * the skill.
 */
export function recordingRows(title: string, task: Task, results: readonly RecordingResult[]): string[][] {
  const all = compared(task);
  const row = ({ path, score }: RecordingResult) => [
    basename(path),
    String(score?.frames ?? 0),
    ...[...all.map(({ error }) => error), skill].map((of) => (score ? shown(of(score.overall)) : '-')),
  ];
  return [[title, 'scored', ...all.map(({ name }) => name), 'skill'], ...results.map(row)];
}

function skill(stats: ErrorStats): number {
  return stats.skill;
}

/** A number of a table; '-' if it is undefined. */
export function shown(share: number): string {
  if (!Number.isFinite(share)) return '-';
  return Math.abs(share) > 0 && Math.abs(share) < 1e-3 ? share.toExponential(2) : share.toPrecision(3);
}
