import { InvalidArgumentError } from '@commander-js/extra-typings';
import { lossOf, type LossSpec } from '../../core/learning/loss.ts';
import { optimizerOf, type OptimizerSpec } from '../../core/learning/optimizers/optimizer-spec.ts';
import type { LearnerStageSpec } from '../../core/pipeline/pipeline-spec.ts';
import { UsageError } from '../failure.ts';
import type { PowerLine } from '../power-line.ts';
import type { Task } from './task-channels.ts';

/** Specs by name. If a spec contains a number, the user can append one to the name: `huber:0.5`. */
type Specs = Readonly<Record<string, { readonly type: string } & Readonly<Record<string, unknown>>>>;

const losses: Specs = {
  squared: { type: 'squared' },
  absolute: { type: 'absolute' },
  huber: { type: 'huber', delta: 1 },
  quantile: { type: 'quantile', quantile: 0.5 },
  softmax: { type: 'softmax' },
  sigmoid: { type: 'sigmoid' },
};
const optimizers: Specs = {
  rls: { type: 'rls', forgetting: undefined },
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

/** Parses the value of `--loss`. */
export function lossValue(text: string): LossSpec {
  const loss = specOf(text, losses) as LossSpec;
  try {
    lossOf(loss);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message.replace(/^loss\./, '')}.`);
  }
  return loss;
}

/** Parses the value of `--optimizer`: a spec without the learning rate. */
export function optimizerValue(text: string): Partial<OptimizerSpec> & Pick<OptimizerSpec, 'type'> {
  return specOf(text, optimizers) as ReturnType<typeof optimizerValue>;
}

function specOf(text: string, specs: Specs): Specs[string] {
  const [name, number] = text.split(':');
  if (!Object.hasOwn(specs, name)) throw new InvalidArgumentError(`It must be one of ${namesOf(specs)}.`);
  const spec = specs[name];
  if (number === undefined) return spec;
  const parameter = Object.keys(spec).find((key) => key !== 'type' && typeof spec[key] !== 'boolean');
  if (parameter === undefined) throw new InvalidArgumentError(`'${name}' has no parameter.`);
  return { ...spec, [parameter]: number === '' ? NaN : Number(number) };
}

function namesOf(specs: Specs): string {
  return Object.keys(specs).join(', ');
}

/** The options of the command that determine how to learn. */
export type Settings = {
  task: Task;
  horizon: number;
  loss: LossSpec;
  optimizer?: ReturnType<typeof optimizerValue>;
  learningRate?: number;
  weightDecay?: number;
  updateEvery: number;
  warmUp?: number;
  decay?: number;
  clip?: number;
  average?: number;
  powerLine: PowerLine;
};

const withWeightDecay: readonly OptimizerSpec['type'][] = ['sgd', 'rmsprop', 'adam', 'adamW'];

/** Settings of the learner that the command-line options determine: all except its network and channels. */
export type LearnSpec = Omit<LearnerStageSpec, 'name' | 'network'>;

/**
 * Returns the settings of the learner. Throws a UsageError if the optimizer, learning rate, and weight decay do not
 * match.
 */
export function learnSpec(settings: Settings): LearnSpec {
  const { task, horizon, loss, updateEvery, warmUp, decay, clip, average, powerLine } = settings;
  const { optimizer, learningRate, weightDecay } = settings;
  const options = { task, horizon, loss, updateEvery, warmUp, decay, clip, average, powerLine };
  if (optimizer === undefined && learningRate !== undefined)
    throw new UsageError('--learning-rate requires --optimizer');
  if (weightDecay !== undefined && !withWeightDecay.includes(optimizer?.type ?? 'autoStep'))
    throw new UsageError('--weight-decay requires --optimizer sgd, momentum, nesterov, rmsprop, adam, or adamW');
  if (optimizer === undefined) return options;
  if (optimizer.type !== 'autoStep' && optimizer.type !== 'rls' && learningRate === undefined)
    throw new UsageError('--optimizer requires --learning-rate, except for rls and autoStep');
  const spec = {
    ...optimizer,
    ...(learningRate !== undefined && { learningRate }),
    ...(weightDecay !== undefined && { weightDecay }),
  } as OptimizerSpec;
  try {
    optimizerOf(spec);
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(
      message.replace(/^\w+/, (name) => optionNames[name] ?? name),
      { cause: error },
    );
  }
  return { ...options, optimizer: spec };
}

/** The options of the command that set the options of an optimizer. */
const optionNames: Readonly<Record<string, string>> = {
  learningRate: '--learning-rate',
  weightDecay: '--weight-decay',
  momentum: 'the momentum of --optimizer',
  forgetting: 'the forgetting factor of --optimizer',
};
