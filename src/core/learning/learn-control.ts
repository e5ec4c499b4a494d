import { fields, invalid, oneOf, positive } from '../check.ts';
import { numberIn, type State } from '../state/state.ts';
import { learningRateOf } from './optimizers/optimizer.ts';

/** A change to a running learner. Absent fields change nothing. */
export interface LearnControl {
  /** Whether the weights are updated. */
  learning?: boolean;
  /** Learning rate µ of the optimizer, > 0. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
  /** Whether the following frames are anomalous and are not used for training. */
  alarmed?: boolean;
  /** 'freeze' and 'unfreeze' set `learning`; 'reset' restores the initial weights, 'rollback' the last good ones. */
  act?: 'freeze' | 'unfreeze' | 'reset' | 'rollback';
}

/** Throws an error that names the invalid field of a control. */
export function checkControl(control: LearnControl): void {
  const { learning, alarmed, act } = fields('control', control, 'an object such as { learning: false }');
  const learningRate = learningRateOf(control);
  if (learningRate !== undefined) positive('learningRate', learningRate);
  for (const [name, value] of Object.entries({ learning, alarmed }))
    if (value !== undefined && typeof value !== 'boolean') throw invalid(name, 'true or false', value, TypeError);
  if (act !== undefined) oneOf('act', act, ['freeze', 'unfreeze', 'reset', 'rollback']);
}

const acts = ['freeze', 'unfreeze', 'reset', 'rollback'] as const;

/** Returns the state of a control that has not been applied yet. `alarmed` is not included. */
export function saveControl({ learning, act, ...rates }: LearnControl): State {
  const learningRate = learningRateOf(rates);
  return {
    ...(learning !== undefined && { learning: Number(learning) }),
    ...(learningRate !== undefined && { learningRate }),
    ...(act !== undefined && { act: acts.indexOf(act) }),
  };
}

/** Restores a control that `saveControl` returned. */
export function restoreControl(state: State): LearnControl {
  return {
    ...('learning' in state && { learning: numberIn(state, 'learning') === 1 }),
    ...('learningRate' in state && { learningRate: numberIn(state, 'learningRate') }),
    ...('act' in state && { act: acts[numberIn(state, 'act')] }),
  };
}
