import { basename } from 'node:path';
import type { Learned } from '../../core/learning/learned.ts';
import { savedErrors, scoreMetadata } from '../../core/learning/score-metadata.ts';
import { counted } from '../amounts.ts';
import { bestBaseline, shown } from './score-tables.ts';
import type { Task } from './task-channels.ts';
import type { Validation } from './validation.ts';

/** Ranges of frames that are listed in the report; the metadata contains all. */
const maxListed = 4;

/**
 * Metadata of a weights file as JSON: `score`, the scores while learning and of the saved weights; `recordings`, where each recording
 * starts in the frames of `score` if there are several; and `validation`, the scores on other recordings. A file for PyTorch contains
 * only `validation`.
 */
export function savedScores(
  { score, served }: Learned,
  validations: readonly Validation[],
  recordings: readonly RecordingStart[],
  torch: boolean,
): Record<string, string> {
  const results = validations.map(({ path, score: { frames, overall } }) => {
    return { recording: basename(path), frames, ...savedErrors(overall) };
  });
  return {
    ...(!torch && { score: scoreMetadata(score, served) }),
    ...(!torch && recordings.length > 1 && { recordings: JSON.stringify(recordings) }),
    ...(results.length > 0 && { validation: JSON.stringify(results) }),
  };
}

/** A recording and the absolute index that its first frame has in the pass. */
export interface RecordingStart {
  readonly recording: string;
  readonly start: number;
}

/** Which weights were saved, and their score on later frames, which are counted from the start of their recording. */
export function savedNote({ served }: Learned, recordings: readonly RecordingStart[], task: Task): string {
  if (!served) return 'Saved the last weights; there were too few frames to set weights aside and score them';
  const { setAside, frames, ranges, nmse, skill } = served;
  if (!Number.isFinite(nmse)) return 'Saved weights without a score: the targets did not change';
  const place = (frame: number, last = frame) => {
    const { recording, start } = recordings.findLast((each) => each.start <= frame) ?? recordings[0];
    const name = recordings.length > 1 ? `${recording} ` : '';
    return last === frame ? `${name}${frame - start}` : `${name}${frame - start}-${last - start}`;
  };
  const best = bestBaseline(task, served);
  const listed = ranges.slice(-maxListed).map(([from, to]) => place(from, to - 1));
  const more = ranges.length > maxListed ? '… ' : '';
  return [
    `Saved the weights as they were at frame ${place(setAside)}. On ${counted(frames, 'later frame')} that they were not trained on,`,
    `their error is ${shown(nmse)} times the variance of the target (best baseline: ${best.name}, ${shown(best.error)}), skill ${shown(skill)}`,
    `(frames ${more}${listed.join(', ')})`,
  ].join('\n');
}
