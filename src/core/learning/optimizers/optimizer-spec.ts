import { adam, adamW, rmsprop, type AdamOptions, type RmspropOptions } from './adam.ts';
import { invalid, onlyFields, oneOf } from '../../check.ts';
import { autoStep, type AutoStepOptions } from './auto-step.ts';
import type { TunableOptimizer } from './optimizer.ts';
import { rls, type RlsOptions } from './rls.ts';
import { nlms, sgd, type NlmsOptions, type SgdOptions } from './sgd.ts';

/** An optimizer as plain JSON: its type, and the options of the function of that name. */
export type OptimizerSpec =
  | ({
      /** Selects the optimizer. */
      type: 'autoStep';
    } & AutoStepOptions)
  | ({
      /** Selects the optimizer. */
      type: 'rls';
    } & RlsOptions)
  | ({
      /** Selects the optimizer. */
      type: 'sgd';
    } & SgdOptions)
  | ({
      /** Selects the optimizer. */
      type: 'nlms';
    } & NlmsOptions)
  | ({
      /** Selects the optimizer. */
      type: 'rmsprop';
    } & RmspropOptions)
  | ({
      /** Selects the optimizer. */
      type: 'adam' | 'adamW';
    } & AdamOptions);

const makers: Record<OptimizerSpec['type'], (spec: never) => TunableOptimizer> = {
  sgd,
  nlms,
  rmsprop,
  adam,
  adamW,
  autoStep,
  rls,
};
const adamFields = ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay'];
const settings: Record<OptimizerSpec['type'], readonly string[]> = {
  sgd: ['learningRate', 'momentum', 'nesterov', 'weightDecay'],
  nlms: ['learningRate', 'epsilon'],
  rmsprop: ['learningRate', 'alpha', 'epsilon', 'weightDecay'],
  adam: adamFields,
  adamW: adamFields,
  autoStep: ['learningRate'],
  rls: ['forgetting', 'learningRate'],
};
/** Optimizers that choose their learning rate themselves. */
const hasDefaultRate: readonly OptimizerSpec['type'][] = ['autoStep', 'rls'];

/**
 * Returns the optimizer of a spec.
 * @throws if the spec is invalid
 */
export function optimizerOf(spec: OptimizerSpec): TunableOptimizer {
  const type = oneOf('optimizer.type', spec.type, Object.keys(makers) as OptimizerSpec['type'][]);
  const current = Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'rate'));
  onlyFields(`optimizer '${type}'`, current, ['type', ...settings[type]]);
  if (!hasDefaultRate.includes(type) && (spec.learningRate ?? spec.rate) === undefined) throw missingRate(type);
  return makers[type](spec as never);
}

/** The error of a spec without a learning rate, which may have been written as the name of the optimizer only. */
function missingRate(type: OptimizerSpec['type']): Error {
  const { message } = invalid('optimizer.learningRate', 'a number > 0', undefined);
  const example = type === 'nlms' ? 0.1 : 0.001;
  return new TypeError(`${message}. Write "optimizer": { "type": "${type}", "learningRate": ${example} }.`);
}
