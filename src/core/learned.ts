import type { Block } from './block.ts';
import type { Unknown } from './exam.ts';
import type { Score } from './forecast-score.ts';
import type { Weights } from './weights.ts';

/**
 * Why an output was not learned from: its taps saw what was no sample (warm-up, gaps, NaN); its truth was none; or never came in
 * time; learning was off; the stretch was told to be alarmed; the weights became no numbers; the loss exploded.
 */
export type Refusal = Unknown | 'frozen' | 'alarmed' | 'notFinite' | 'exploded';

/** What one block brought. Blocks may hold no frames. */
export interface Learned {
  /** Outputs that hang in this block, [n, out], each made before the frame it is about was learned. */
  readonly prediction: Block;
  /** Expected - truth of the outputs whose truth has come, [m, out]; invalid rows were neither scored nor learned. */
  readonly error: Block;
  /** What the layers below the last convolution put out; of a single layer the prediction itself. */
  readonly features: Block;
  readonly score: Score;
  /** Updates so far. */
  readonly updates: number;
  /** Outputs so far that were not learned from, by the reason. */
  readonly refused: Readonly<Record<Refusal, number>>;
  /** How many times the last good weights were brought back, and μ as it is now: a loss that explodes halves it. */
  readonly rollbacks: number;
  readonly rate: number;
  /** A copy of the weights to serve as they are now. */
  weights(): Weights;
}

/** Nothing refused yet. */
export const nothingRefused: Record<Refusal, number> = {
  gap: 0,
  noTruth: 0,
  late: 0,
  frozen: 0,
  alarmed: 0,
  notFinite: 0,
  exploded: 0,
};
