import { basename } from 'node:path';
import type { Learned } from '../../core/learning/learned.ts';
import { savedErrors, scoreMetadata } from '../../core/learning/score-metadata.ts';
import { counted } from '../amounts.ts';
import { shown } from './score-tables.ts';
import type { Validation } from './validation.ts';

/** Ranges of frames that are listed in the report; the metadata contains all. */
const maxListed = 4;

/**
 * Metadata of a weights file as JSON: `score`, the scores while learning and of the saved weights, and `validation`, the scores on
 * other recordings. A file for PyTorch has no `score`.
 */
export function savedScores(
  { score, served }: Learned,
  validations: readonly Validation[],
  torch: boolean,
): Record<string, string> {
  const results = validations.map(({ path, score: { frames, overall } }) => {
    return { recording: basename(path), frames, ...savedErrors(overall) };
  });
  return {
    ...(!torch && { score: scoreMetadata(score, served) }),
    ...(results.length > 0 && { validation: JSON.stringify(results) }),
  };
}

/** Which weights were saved, and their score on later frames. */
export function savedNote({ served }: Learned): string {
  if (!served) return 'Saved the last weights; there were too few frames to set weights aside and score them';
  const { setAside, frames, ranges, nmse, skill } = served;
  const listed = ranges.slice(-maxListed).map(([from, to]) => `${from}-${to - 1}`);
  const more = ranges.length > maxListed ? '… ' : '';
  return [
    `Saved the weights of frame ${setAside}, whose error on ${counted(frames, 'later frame')} that they were not trained on`,
    `is ${shown(nmse)} times the variance of the target, skill ${shown(skill)} (frames ${more}${listed.join(', ')})`,
  ].join('\n');
}
