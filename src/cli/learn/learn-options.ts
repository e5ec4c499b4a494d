import type { LearnerOptions } from '../../core/learning/learner-options.ts';
import { lossOf, type LossSpec } from '../../core/learning/loss.ts';
import { optimizerOf, type OptimizerSpec } from '../../core/learning/optimizers/optimizer.ts';
import { asUsage, UsageError } from '../failure.ts';
import { InvalidArgumentError } from '@commander-js/extra-typings';

/** What names stand for; where that holds a number, it may be given behind the name: `huber:0.5`. */
type Meanings = Readonly<Record<string, { readonly type: string } & Readonly<Record<string, unknown>>>>;

const losses: Meanings = {
  squared: { type: 'squared' },
  absolute: { type: 'absolute' },
  huber: { type: 'huber', delta: 1 },
  quantile: { type: 'quantile', quantile: 0.5 },
  softmax: { type: 'softmax' },
  sigmoid: { type: 'sigmoid' },
};
const optimizers: Meanings = {
  autoStep: { type: 'autoStep' },
  sgd: { type: 'sgd' },
  momentum: { type: 'sgd', momentum: 0.9 },
  nesterov: { type: 'sgd', momentum: 0.9, nesterov: true },
  nlms: { type: 'nlms' },
  rmsprop: { type: 'rmsprop' },
  adam: { type: 'adam' },
  adamW: { type: 'adamW' },
};

export const lossNames: string = namesOf(losses);
export const optimizerNames: string = namesOf(optimizers);

/** Reads the value of `--loss`. */
export function lossValue(text: string): LossSpec {
  const loss = meaningOf(text, losses) as LossSpec;
  try {
    lossOf(loss);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return loss;
}

/** Reads the value of `--optimizer`, all but the step. */
export function optimizerValue(text: string): Partial<OptimizerSpec> & Pick<OptimizerSpec, 'type'> {
  return meaningOf(text, optimizers) as ReturnType<typeof optimizerValue>;
}

function meaningOf(text: string, meanings: Meanings): Meanings[string] {
  const [name, number] = text.split(':');
  if (!Object.hasOwn(meanings, name)) throw new InvalidArgumentError(`It must be one of ${namesOf(meanings)}.`);
  const meaning = meanings[name];
  if (number === undefined) return meaning;
  const parameter = Object.keys(meaning).find((key) => typeof meaning[key] === 'number');
  if (parameter === undefined) throw new InvalidArgumentError(`${name} takes no number behind it.`);
  return { ...meaning, [parameter]: number === '' ? NaN : Number(number) };
}

function namesOf(meanings: Meanings): string {
  return Object.keys(meanings).join(', ');
}

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
    ...(step !== undefined && { rate: step }),
    ...(weightDecay !== undefined && { weightDecay }),
  };
  return { ...others, optimizer: asUsage(() => optimizerOf(spec as OptimizerSpec)) };
}
