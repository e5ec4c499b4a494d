import { adam, adamW, type AdamOptions } from './adam.ts';
import { oneOf } from './check.ts';
import type { Optimizer } from './descent.ts';
import { nlms } from './nlms.ts';
import { rmsprop, type RmspropOptions } from './rmsprop.ts';
import { sgd, type SgdOptions } from './sgd.ts';

/** An optimizer as plain JSON. */
export type OptimizerSpec =
  | ({ type: 'sgd' } & SgdOptions)
  | { type: 'nlms'; rate: number; epsilon?: number }
  | ({ type: 'rmsprop' } & RmspropOptions)
  | ({ type: 'adam' | 'adamW' } & AdamOptions);

const makers = { sgd, nlms, rmsprop, adam, adamW };

/** The optimizer of a spec. Throws when there is none such. */
export function optimizerOf(spec: OptimizerSpec): Optimizer {
  const type = oneOf('optimizer.type', spec.type, Object.keys(makers) as (keyof typeof makers)[]);
  return makers[type](spec);
}
