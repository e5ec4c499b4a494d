import {
  concatMap,
  connect,
  defer,
  endWith,
  finalize,
  ignoreElements,
  merge,
  NEVER,
  takeUntil,
  tap,
  type Observable,
  type OperatorFunction,
} from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { fields, invalid, oneOf, positive } from '../core/check.ts';
import { Learner } from '../core/learning/learner.ts';
import type { Learned } from '../core/learning/learned.ts';
import { learningRateOf } from '../core/learning/optimizers/optimizer.ts';
import { defaultOptimizer, type LearnerOptions } from '../core/learning/learner-options.ts';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';

/** What may be changed while a learner runs. */
export interface LearnControl {
  /** Whether weights move. */
  learning?: boolean;
  /** µ of the optimizer, > 0. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
  /** Whether the stretch that comes is one not to learn from. */
  alarmed?: boolean;
  /** 'freeze' and 'unfreeze' say `learning`; 'reset' brings the first weights back, 'rollback' the last good ones. */
  act?: 'freeze' | 'unfreeze' | 'reset' | 'rollback';
}

export interface LearnOptions extends LearnerOptions {
  /** Of the task 'target', which is the default where it is given: the truth, one frame for every input frame and with its absolute index; it may come late. */
  target?: Observable<Block>;
  /** Train the given network itself, for a single subscriber. Default: a copy, made at subscription. */
  inPlace?: boolean;
  control?: Observable<LearnControl>;
}

/**
 * Trains a network on a stream while it runs on it: the prediction is made before the frame is learned.
 *
 *     source  --[0 1 2]-----[3 4]-----|
 *             learn(network)                        forecasts the next frame
 *     output  --{prediction 0 1 2,  --{3 4,  --|    prediction n is about frame n + 1,
 *                error 0 1}            2 3}          so its error comes one frame later
 *
 * Every block brings one `Learned`. A spec starts with a last layer of zeros, so that it says nothing that it has not learned. The network
 * given is copied at subscription, so two subscribers never train one
 * network by accident. Completes and fails with the source; a target or a control that fails, fails it too, one that
 * completes does not.
 *
 * @returns an operator that throws RangeError through `error` when a block does not fit or goes back in time
 */
export function learn(network: Network | NetworkSpec, options: LearnOptions = {}): OperatorFunction<Block, Learned> {
  const { target, optimizer = defaultOptimizer(options), inPlace = false, control = NEVER, ...rest } = options;
  const given = network instanceof Network ? network : Network.create(network, { silent: true });
  const task = options.task ?? (target ? 'target' : 'forecast');
  const make = (trained: Network) => new Learner(trained, { ...rest, task, optimizer: optimizer.fresh() });
  make(given);
  return (source) =>
    defer(() => {
      const learner = make(inPlace ? given : given.clone());
      const taught = (target ?? NEVER).pipe(tap((block) => learner.teach(block)));
      const steered = control.pipe(tap((change) => applyControl(learner, change)));
      return source.pipe(
        connect((blocks) => {
          const end = blocks.pipe(ignoreElements(), endWith(null));
          const beside = merge(taught, steered).pipe(ignoreElements(), takeUntil(end));
          return merge(beside, blocks.pipe(concatMap((block) => [learner.push(block)])));
        }),
        finalize(() => {
          learner.close();
        }),
      );
    });
}

function applyControl(learner: Learner, control: LearnControl): void {
  const { learning, alarmed, act } = fields('control', control, 'an object such as { learning: false }');
  const learningRate = learningRateOf(control);
  if (learningRate !== undefined) learner.optimizer.learningRate = positive('learningRate', learningRate);
  if (learning !== undefined) learner.learning = boolean('learning', learning);
  if (alarmed !== undefined) learner.alarmed = boolean('alarmed', alarmed);
  if (act === undefined) return;
  oneOf('act', act, ['freeze', 'unfreeze', 'reset', 'rollback']);
  if (act === 'reset' || act === 'rollback') learner[act]();
  else learner.learning = act === 'unfreeze';
}

function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value, TypeError);
  return value;
}
