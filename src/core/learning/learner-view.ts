import type { NetworkStream } from '../network/network-stream.ts';
import type { State } from '../state/state.ts';
import type { Evaluation } from './evaluation.ts';
import type { LossSpec } from './loss.ts';
import type { WeightUpdater } from './weight-updater.ts';

/** What the holdout reads of the learner. */
export interface LearnerView {
  /** Returns the current weights, in the engine's layout, without a copy: they are valid until the next update. */
  weights(): readonly Float32Array[];
  /** Returns the weights before the first update. */
  initial(): readonly Float32Array[];
  /** Returns the position of the stream that the learner trains on, from which other streams can continue. */
  position(): State;
  /** Returns the variance of the target of each output, by which squared errors are divided; null: use the loss. */
  variances(): Float64Array | null;
}

/** @param stream returns the stream that the learner trains on, which is another one after a restart */
export function viewOf(
  updater: WeightUpdater,
  evaluation: Evaluation,
  stream: () => NetworkStream,
  outChannels: number,
  loss: LossSpec = 'squared',
): LearnerView {
  const isSquared = (typeof loss === 'string' ? loss : loss.type) === 'squared';
  return {
    weights: () => updater.views(),
    initial: () => updater.start,
    position: () => stream().position(),
    variances: () => {
      if (!isSquared) return null;
      const variances = new Float64Array(outChannels);
      evaluation.targetVariances(variances);
      return variances;
    },
  };
}
