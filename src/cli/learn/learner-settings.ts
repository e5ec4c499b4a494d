import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import type { LossSpec } from '../../core/learning/loss.ts';
import { optimizerOf, type OptimizerSpec } from '../../core/learning/optimizers/optimizer-spec.ts';
import type { optimizerValue } from './learn-values.ts';
import { asUsage, UsageError } from '../usage-error.ts';

/** What a command says of how to learn. */
export type Settings = {
  task: NonNullable<LearnerOptions['task']>;
  horizon: number;
  loss: LossSpec;
  optimizer?: ReturnType<typeof optimizerValue>;
  step?: number;
  weightDecay?: number;
  updateEvery: number;
  warmUp?: number;
  decay?: number;
  clip?: number;
  average?: number;
  mains: number;
};

const decaying: readonly OptimizerSpec['type'][] = ['sgd', 'rmsprop', 'adam', 'adamW'];

/** The options of a learner. Throws where a step or a weight decay is missing, or has no optimizer to go with. */
export function learnerSettings({ optimizer, step, weightDecay, ...others }: Settings): LearnerOptions {
  if (optimizer === undefined && step !== undefined)
    throw new UsageError('--step must come with an --optimizer that is named');
  if (weightDecay !== undefined && !decaying.includes(optimizer?.type ?? 'autoStep'))
    throw new UsageError('--weight-decay must come with --optimizer sgd, momentum, nesterov, rmsprop, adam or adamW');
  if (optimizer === undefined) return others;
  if (optimizer.type !== 'autoStep' && step === undefined)
    throw new UsageError('--step must be given for any --optimizer but autoStep');
  const spec = {
    ...optimizer,
    ...(step !== undefined && { learningRate: step }),
    ...(weightDecay !== undefined && { weightDecay }),
  };
  return { ...others, optimizer: asUsage(() => optimizerOf(spec as OptimizerSpec)) };
}
