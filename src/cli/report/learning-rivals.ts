import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import type { ErrorStats } from '../../core/learning/forecast-score.ts';

export type Task = NonNullable<LearnerOptions['task']>;

/** Who is scored, what it is called, and its squared error over the variance of the truth. */
export interface Contestant {
  readonly name: string;
  /** Of its line. */
  readonly color: string;
  readonly error: (standing: ErrorStats) => number;
}

/** The learner, and the rivals that tell something at a task: only a forecast knows truths that came before. */
export function contestants(task: Task): readonly [Contestant, ...Contestant[]] {
  const learner = { name: 'learned', color: 'accent', error: ({ nmse }: ErrorStats) => nmse };
  const still = ({ persistence }: ErrorStats) => persistence;
  if (task !== 'forecast') return [learner, { name: 'running mean', color: 'muted', error: still }];
  return [
    learner,
    { name: 'nothing changes', color: 'muted', error: still },
    { name: 'moving average', color: 'other', error: ({ movingAverage }) => movingAverage },
    { name: 'constant + mains', color: 'third', error: ({ mains }) => mains },
  ];
}
