import type { Network } from '../network/network.ts';
import type { WeightsLike } from '../network/weights.ts';

/** Weights and their content hash. */
export interface HashedWeights {
  readonly hash: string;
  readonly weights: WeightsLike;
  /** Network that has these weights now, if there is one. */
  readonly network?: Network;
}
