import { invalid } from '../../check.ts';

/** The learning rate µ, under its present name or under the deprecated one. */
export type LearningRate =
  | {
      /** Learning rate µ, > 0. */
      learningRate: number;
      rate?: undefined;
    }
  | {
      learningRate?: undefined;
      /** @deprecated Use `learningRate`. */
      rate: number;
    };

/**
 * Returns the learning rate that `options` give as `learningRate` or, deprecated, as `rate`; undefined if they give neither.
 * @throws TypeError if they give both
 */
export function learningRateOf(options: { learningRate?: number; rate?: number }): number | undefined {
  const { learningRate, rate } = options;
  if (learningRate !== undefined && rate !== undefined)
    throw invalid('learningRate', 'given without rate, its deprecated alias', { learningRate, rate }, TypeError);
  return learningRate ?? rate;
}
