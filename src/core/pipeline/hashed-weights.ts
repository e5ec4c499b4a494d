import type { WeightsLike } from '../network/weights.ts';

/** Weights and their content hash. */
export interface HashedWeights {
  readonly hash: string;
  readonly weights: WeightsLike;
}
