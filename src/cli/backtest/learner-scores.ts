import type { ReplayedScore } from '../../server/replayed-server.ts';

/** Scores of a learner at the end of the span. */
export interface LearnerScore {
  readonly task: string;
  /** Over all predictions since the run began: squared error divided by the variance of the target; null: unknown. */
  readonly nmse: number | null;
  /** 1 - nmse / nmse of the baseline that predicts no change; null: unknown. */
  readonly skill: number | null;
  /** The score of weights that were set aside, on later frames. */
  readonly holdout: { readonly nmse: number | null; readonly skill: number | null };
  /** Run of these scores, and number of runs of the span with scores. */
  readonly run: number;
  readonly runs: number;
}

/** Collects the newest score of each learner. */
export class LearnerScores {
  /** By stream, and by learner. */
  readonly #scores = new Map<string, Map<string, LearnerScore>>();

  add(stream: string, { name, task }: { name: string; task: string }, run: number, score: ReplayedScore): void {
    const learners = this.#scores.get(stream) ?? new Map<string, LearnerScore>();
    this.#scores.set(stream, learners);
    const before = learners.get(name);
    const { overall, holdout } = score;
    learners.set(name, {
      task,
      nmse: overall?.nmse ?? null,
      skill: overall?.skill ?? null,
      holdout: { nmse: holdout?.nmse ?? null, skill: holdout?.skill ?? null },
      run,
      runs: before === undefined ? 1 : before.runs + (before.run === run ? 0 : 1),
    });
  }

  /** The scores of the learners of a stream, by name. */
  of(stream: string): ReadonlyMap<string, LearnerScore> {
    return this.#scores.get(stream) ?? new Map<string, LearnerScore>();
  }
}
