import { InvalidArgumentError } from '@commander-js/extra-typings';
import { lossOf, type LossSpec } from '../../core/learning/loss.ts';
import type { OptimizerSpec } from '../../core/learning/optimizers/optimizer-spec.ts';

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
