import type { Score } from './forecast-score.ts';
import type { ErrorStats } from './running-errors.ts';
import type { ServedWeights } from './served-weights.ts';

/** Errors of a learner and of the baselines, relative to the variance of the target, as they are saved. */
export type SavedErrors = Pick<ErrorStats, 'nmse' | 'skill' | 'persistence' | 'movingAverage' | 'powerLine'>;

/** Returns the errors that are saved. */
export function savedErrors({ nmse, skill, persistence, movingAverage, powerLine }: ErrorStats): SavedErrors {
  return { nmse, skill, persistence, movingAverage, powerLine };
}

/**
 * Returns the scores for the metadata of a weights file, as JSON: `live`, of the predictions while learning, and `holdout`, of the
 * saved weights on later frames, with those frames (`ranges`); null if there is none.
 */
export function scoreMetadata({ live }: Score, served: ServedWeights | null): string {
  const { setAside, ranges } = served ?? {};
  return JSON.stringify({
    live: { frames: live.frames, ...savedErrors(live.overall) },
    holdout: served && { frames: served.frames, ...savedErrors(served), setAside, ranges },
  });
}
