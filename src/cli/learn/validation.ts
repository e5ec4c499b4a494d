import type { RunningScore } from '../../core/learning/forecast-score.ts';
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
  readonly score: RunningScore;
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
  const pipeline = asUsage(() => learningPipeline(task.network, { ...learn, holdout: false }, recording, input), path);
  try {
    pipeline.learner!.learning = false;
    const { learned } = asUsage(() => learningRun(pipeline, [recording], task, line, 'Validating'), path);
    return { path, score: learned.score };
  } finally {
    pipeline.close();
  }
}
