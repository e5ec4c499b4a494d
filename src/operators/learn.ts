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
import { Learner } from '../core/learning/learner.ts';
import type { LearnControl } from '../core/learning/learn-control.ts';
import type { Learned } from '../core/learning/learned.ts';
import type { LearnerOptions } from '../core/learning/learner-options.ts';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';

/** Options of `learn`. */
export interface LearnOptions extends LearnerOptions {
  /**
   * Targets for the task 'target', which is the default if they are given: one frame per input frame, with the same
   * absolute index. They can arrive in any order, before their frames or up to `maxDelay` frames after them.
   */
  target?: Observable<Block>;
  /** Train the given network itself, for a single subscriber. Default: train a copy made on subscription. */
  inPlace?: boolean;
  /** Changes to the running learner. Default: none. */
  control?: Observable<LearnControl>;
}

/**
 * Trains a network on a stream while running it. Every frame is predicted before it is learned.
 *
 *     source  --[0 1 2]-----[3 4]-----|
 *             learn(network)                        forecasts the next frame
 *     output  --{prediction 0 1 2,  --{3 4,  --|    prediction n is of frame n + 1,
 *                error 0 1}            2 3}          so its error is emitted one frame later
 *
 * Every block is emitted as one `Learned`. A spec is initialized with zeros in its last layer, so that it predicts 0 at
 * first, or the first target if the optimizer is `rls`. A given network is copied on subscription, so that two subscribers never train one network by accident. The
 * output completes or fails with the source. If `target` or `control` fails, so does the output; if they complete, it
 * continues.
 *
 * @returns an operator that emits a RangeError if a block does not match or goes back in time
 * @throws RangeError or TypeError if an option is invalid
 */
export function learn(network: Network | NetworkSpec, options: LearnOptions = {}): OperatorFunction<Block, Learned> {
  const { target, optimizer, inPlace = false, control = NEVER, ...rest } = options;
  const given = network instanceof Network ? network : Network.create(network, { zeroOutput: true });
  const task = options.task ?? (target ? 'target' : 'forecast');
  const make = (trained: Network) =>
    new Learner(trained, { ...rest, task, ...(optimizer && { optimizer: optimizer.fresh() }) });
  make(given);
  return (source) =>
    defer(() => {
      const learner = make(inPlace ? given : given.clone());
      const targets = (target ?? NEVER).pipe(tap((block) => learner.teach(block)));
      const controls = control.pipe(tap((change) => learner.control(change)));
      return source.pipe(
        connect((blocks) => {
          const end = blocks.pipe(ignoreElements(), endWith(null));
          const inputs = merge(targets, controls).pipe(ignoreElements(), takeUntil(end));
          return merge(inputs, blocks.pipe(concatMap((block) => [learner.push(block)])));
        }),
        finalize(() => {
          learner.close();
        }),
      );
    });
}
