import type { Score } from '../../core/learning/forecast-score.ts';
import type { Recording } from '../../formats/index.ts';
import { counted } from '../amounts.ts';
import { methods } from '../report/learning-curve.ts';
import type { LearningRun } from './learning-run.ts';
import { type RecordingStart, savedNote } from './saved-scores.ts';
import { scoreRows } from './score-tables.ts';
import type { Task } from './task-channels.ts';

/** What a report mentions besides the pass. */
export interface ReportOptions {
  readonly task: Task;
  readonly gaps: string;
  readonly output: string;
  readonly torch: boolean;
  readonly standardize?: number;
  /** The recordings, with the absolute index of their first frame. */
  readonly starts: readonly RecordingStart[];
}

/** The result of a pass as text: a table of errors, then what happened. */
export function learningReport(total: Pick<Recording, 'frames'>, pass: LearningRun, options: ReportOptions): string {
  const { score } = pass.learned;
  const note = undefinedNote(score);
  const row = ([name, overall, recent]: readonly string[]) =>
    `${name.padEnd(24)}${overall.padStart(10)}${recent.padStart(10)}`;
  return [
    ...scoreRows(options.task, score).map(row),
    '',
    ...(note === undefined ? [] : [note, '']),
    ...passNotes(total, pass, options),
    '',
  ].join('\n');
}

/** What happened in a pass, one note per line: counts of frames and updates, and which weights were saved. */
export function passNotes(
  { frames }: Pick<Recording, 'frames'>,
  { learned, seconds, filled }: LearningRun,
  { task, gaps, output, torch, standardize, starts }: ReportOptions,
): string[] {
  const { score, updates, skipped: counts, rollbacks, learningRate } = learned;
  const skipped = Object.entries(counts).filter(([, count]) => count > 0);
  const lines = [
    `${counted(frames, 'frame')} in ${seconds.toFixed(1)} s, ${score.frames} scored before training on them, ${counted(updates, 'update')}`,
  ];
  if (filled > 0) lines.push(`${counted(filled, 'missing frame')} filled in (--gaps ${gaps})`);
  if (skipped.length > 0)
    lines.push(
      `Outputs not used for training: ${skipped.map(([reason, count]) => `${count} ${reasons[reason] ?? reason}`).join(', ')}`,
    );
  if (rollbacks > 0)
    lines.push(
      `Rolled back to the last good weights ${counted(rollbacks, 'time')}; the learning rate is now ${learningRate.toPrecision(3)}`,
    );
  lines.push(savedNote(learned, starts, task));
  lines.push(`Wrote the weights to ${output}${torch ? ' (PyTorch names and tap order)' : ''}`);
  if (standardize !== undefined)
    lines.push(`The network expects standardized input: tapline apply ${output} <input> --standardize ${standardize}`);
  return lines;
}

/** Why skipped outputs were not used for training. */
const reasons: Record<string, string> = {
  gap: 'whose window includes the start, a gap, or a missing sample',
  noTruth: 'without a target',
  // targets are never late here
  late: 'whose target lies in a gap or after the end of the recording',
  frozen: 'while frozen',
  alarmed: 'during an alarm',
  notFinite: 'whose update was not finite',
  exploded: 'whose loss exploded',
};

/** Why a table of scores contains '-'; undefined if it does not. */
export function undefinedNote({ frames, skill, overall }: Score): string | undefined {
  if (frames === 0) return undefined;
  if (!Number.isFinite(overall.skill))
    return Number.isFinite(overall.persistence) ? '-: the errors are not finite' : '-: the targets did not change';
  return Number.isFinite(skill) ? undefined : '-: the targets did not change recently';
}

/** How a pass was made. */
export interface AdviceOptions {
  readonly task: Task;
  /** Sampling rate in Hz. */
  readonly rate: number;
  readonly standardize?: number;
  /** The path of the network, if one was given. */
  readonly network?: string;
}

/** Fewer scored frames than this are too few to judge the result. */
const minScoredFrames = 1000;
/** A useful time constant of running statistics, in frames. */
const standardizeFrames = 64;

/** One line of advice if learning failed, else ''. */
export function learningAdvice({ frames, overall }: Score, options: AdviceOptions): string {
  const { task, rate, standardize, network } = options;
  const shorter = network === undefined ? 'fewer taps (--taps)' : 'a network with a shorter receptive field';
  if (frames === 0)
    return `No frame was scored: every window includes the start, a gap, or a missing sample. Try ${shorter}, or exclude channels with few samples with --columns.\n`;
  if (!(overall.skill < 0)) return '';
  const seconds = Number(Math.max(1, standardizeFrames / rate).toPrecision(2));
  const [, baseline] = methods(task);
  const advice =
    standardize === undefined
      ? `Try --standardize ${seconds}.`
      : frames < minScoredFrames
        ? `${frames} frames are too few to learn from. Try ${shorter}.`
        : network === undefined
          ? 'Try another number of taps with --taps.'
          : 'Try another network.';
  return `The network is worse than the baseline '${baseline.name}'. ${advice}\n`;
}

/**
 * A note on channels of the recording at `path` that have at most two different values, as labels do and sensor signals rarely
 * do; '' if there are none. Columns with a role are not checked.
 */
export function labelNote(path: string, { channels, blocks, roles = {} }: Recording): string {
  const withRole = new Set(Object.values(roles).flat());
  const values = channels.map(() => new Set<number>());
  const checked = [...channels.keys()].filter((c) => !withRole.has(c));
  for (const { data } of blocks)
    for (const c of checked)
      for (let i = c; i < data.length && values[c].size < 3; i += channels.length)
        if (Number.isFinite(data[i])) values[c].add(data[i]);
  const labels = checked.filter((c) => values[c].size < 3).map((c) => channels[c].label);
  if (labels.length === 0) return '';
  const [subject, advice] =
    labels.length === 1
      ? [`The column ${labels[0]} has`, 'If it is a label, exclude it']
      : [`The columns ${labels.join(', ')} have`, 'If they are labels, exclude them'];
  return `${path}: ${subject} at most two different values. ${advice} with --columns.\n`;
}
