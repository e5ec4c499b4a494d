import { adam, adamW, rmsprop, type AdamOptions, type RmspropOptions } from './adam.ts';
import { onlyFields, oneOf } from '../../check.ts';
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

/**
 * Returns the optimizer of a spec.
 * @throws if the spec is invalid
 */
export function optimizerOf(spec: OptimizerSpec): TunableOptimizer {
  const type = oneOf('optimizer.type', spec.type, Object.keys(makers) as OptimizerSpec['type'][]);
  const current = Object.fromEntries(Object.entries(spec).filter(([field]) => field !== 'rate'));
  onlyFields(`optimizer '${type}'`, current, ['type', ...settings[type]]);
  return makers[type](spec as never);
}
