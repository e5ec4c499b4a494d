import { adam, adamW, type AdamOptions } from './adam.ts';
import { oneOf } from './check.ts';
import { autoStep, type AutoStepOptions } from './auto-step.ts';
import type { Optimizer } from './descent.ts';
import { nlms } from './nlms.ts';
import { rmsprop, type RmspropOptions } from './rmsprop.ts';
import { sgd, type SgdOptions } from './sgd.ts';

/** An optimizer as plain JSON. */
export type OptimizerSpec =
  | ({ type: 'autoStep' } & AutoStepOptions)
  | ({ type: 'sgd' } & SgdOptions)
  | { type: 'nlms'; rate: number; epsilon?: number }
  | ({ type: 'rmsprop' } & RmspropOptions)
  | ({ type: 'adam' | 'adamW' } & AdamOptions);

const makers: Record<OptimizerSpec['type'], (spec: never) => Optimizer> = { sgd, nlms, rmsprop, adam, adamW, autoStep };

/** The optimizer of a spec. Throws when there is none such. */
export function optimizerOf(spec: OptimizerSpec): Optimizer {
  const type = oneOf('optimizer.type', spec.type, Object.keys(makers) as OptimizerSpec['type'][]);
  return makers[type](spec as never);
}
