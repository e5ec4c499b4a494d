import { basename } from 'node:path';
import type { Score } from '../../core/learning/forecast-score.ts';
import { decodeSafetensors, encodeSafetensors } from '../../core/state/safetensors.ts';
import { asUsage } from '../failure.ts';
import type { Progress } from '../progress.ts';
import type { LearnSpec } from './learn-options.ts';
import { type LearningInput, learningPipeline } from './learning-pipeline.ts';
import { learningRun } from './learning-run.ts';
import type { ScoredTask } from './recording-score.ts';
import type { NamedRecording } from './recordings.ts';

/** The score of frozen weights on a recording that they were not trained on. */
export interface Validation {
  readonly path: string;
  readonly score: Score;
}

/**
 * Scores the weights of `task.network`, frozen, on a recording. Every prediction is what `tapline apply` writes for the same
 * frame.
 */
export function validate(
  { path, recording }: NamedRecording,
  task: ScoredTask,
  learn: LearnSpec,
  input: LearningInput,
  line: Progress,
): Validation {
  const pipeline = asUsage(() => learningPipeline(task.network, learn, recording, input), path);
  try {
    pipeline.learner!.learning = false;
    const { learned } = asUsage(() => learningRun(pipeline, [recording], task, line, 'Validating'), path);
    return { path, score: learned.score };
  } finally {
    pipeline.close();
  }
}

/** Saved weights with the results of validations in their metadata, as JSON in the field `validation`. */
export function withValidations(weights: Uint8Array, validations: readonly Validation[]): Uint8Array {
  if (validations.length === 0) return weights;
  const { tensors, metadata } = decodeSafetensors(weights);
  const results = validations.map(({ path, score: { frames, overall } }) => {
    const { nmse, skill, persistence, movingAverage, powerLine } = overall;
    return { recording: basename(path), frames, nmse, skill, persistence, movingAverage, powerLine };
  });
  return encodeSafetensors(tensors, { ...metadata, validation: JSON.stringify(results) });
}
