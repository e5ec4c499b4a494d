import { fields, invalid, oneOf, positive } from '../check.ts';
import type { Learner } from './learner.ts';
import { learningRateOf } from './optimizers/optimizer.ts';

/** A change to a running learner. Absent fields are not changed. */
export interface LearnControl {
  /** Whether the weights are updated. */
  learning?: boolean;
  /** Learning rate µ of the optimizer, > 0. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
  /** Whether the following frames must not be learned from. */
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

/** Applies a checked control to a learner. */
export function applyControl(learner: Learner, control: LearnControl): void {
  const { learning, alarmed, act } = control;
  const learningRate = learningRateOf(control);
  if (learningRate !== undefined) learner.optimizer.learningRate = learningRate;
  if (learning !== undefined) learner.learning = learning;
  if (alarmed !== undefined) learner.alarmed = alarmed;
  if (act === 'reset' || act === 'rollback') learner[act]();
  else if (act !== undefined) learner.learning = act === 'unfreeze';
}
