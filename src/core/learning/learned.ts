import type { Block } from '../blocks/block.ts';
import { chain, type Pace } from '../layers/pace.ts';
import type { Rows } from '../memory/rows.ts';
import { derivedBlock } from '../network/convolver.ts';
import type { Network } from '../network/network.ts';
import type { Weights } from '../network/weights.ts';
import type { MissingReason } from './evaluation.ts';
import type { Score } from './forecast-score.ts';
import { FrameBuffer } from './frames.ts';
import type { ServedWeights } from './served-weights.ts';

/**
 * Reason why an output was not learned from:
 *
 * - `gap`: its window includes start-up, a gap, or a non-finite sample
 * - `noTruth`: its target is missing
 * - `late`: its target did not arrive in time
 * - `frozen`: learning was off
 * - `alarmed`: the frame was flagged as anomalous
 * - `notFinite`: an update made a weight non-finite
 * - `exploded`: the loss diverged
 */
export type SkipReason = MissingReason | 'frozen' | 'alarmed' | 'notFinite' | 'exploded';

/**
 * Result of one block. The blocks in it may be empty. `score` and `skipped` are computed when they are read first, so read them before
 * the next block.
 */
export interface Learned {
  /**
   * Outputs that are aligned with this block, [n, outChannels]. Each was computed when its frame arrived, with the
   * weights of that time, before the learner trained on its target.
   */
  readonly prediction: Block;
  /**
   * Prediction - target of the outputs that were evaluated since the last block, [m, outChannels]. Invalid rows were
   * neither scored nor used for training. Rows before a gap longer than the receptive field are dropped.
   */
  readonly error: Block;
  /** Outputs of the layers below the last trained layer. For a network of one layer, the prediction itself. */
  readonly features: Block;
  /**
   * Scores: of the recent predictions, of all (`overall`), of the predictions as they were emitted (`live`), and of weights that
   * were set aside (`holdout`).
   */
  readonly score: Score;
  /** Score of the weights that `weights()` returns; null until the holdout has chosen weights and scored them. */
  readonly served: ServedWeights | null;
  /** Number of updates so far. */
  readonly updates: number;
  /** Number of outputs so far that were not learned from, by reason. */
  readonly skipped: Readonly<Record<SkipReason, number>>;
  /** @deprecated Use `skipped`. */
  readonly refused: Readonly<Record<SkipReason, number>>;
  /** Number of times that the last good weights were restored. */
  readonly rollbacks: number;
  /** Learning rate µ now. A diverging loss halves it. */
  readonly learningRate: number;
  /** @deprecated Use `learningRate`. */
  readonly rate: number;
  /**
   * Returns a copy of the weights to serve: those that the holdout chose. Until it has chosen some, or without holdout, these are
   * the current weights.
   */
  weights(): Weights;
  /** Returns a copy of the current weights, averaged if the option `average` is set. */
  currentWeights(): Weights;
}

/** Skip counts at the start. */
export const noSkips: Record<SkipReason, number> = {
  gap: 0,
  noTruth: 0,
  late: 0,
  frozen: 0,
  alarmed: 0,
  notFinite: 0,
  exploded: 0,
};

/** Returns the index of the layer whose outputs are the features: the one below the last trained one; -1 if there is none. */
export function featureLayer(layers: Network['layers']): number {
  return Math.max(-1, layers.findLastIndex(({ parameters }) => parameters.length > 0) - 1);
}

/** Collects the outputs of a network, frame by frame, into the blocks that a learner returns. */
export class OutputCollector {
  readonly #predictions: FrameBuffer;
  readonly #features: FrameBuffer;
  /** Index of the layer below the last trained one; -1 if there is none. */
  readonly #hidden: number;
  readonly #pace: Pace;
  readonly #hiddenPace: Pace;

  constructor({ layers, outChannels, pace }: Network) {
    this.#hidden = featureLayer(layers);
    this.#pace = pace;
    this.#hiddenPace = chain(layers.slice(0, this.#hidden + 1).map((layer) => layer.pace));
    this.#predictions = new FrameBuffer(outChannels);
    this.#features = new FrameBuffer(this.#hidden >= 0 ? layers[this.#hidden].outChannels : outChannels);
  }

  /** Appends the newest outputs of every layer, which are stored in `memory`. */
  append(memory: Float32Array, outputs: readonly Rows[]): void {
    const last = outputs[outputs.length - 1];
    if (this.#hidden >= 0) this.#features.append(memory, outputs[this.#hidden]);
    if (last.count > 0) this.#predictions.append(memory, last);
  }

  /** Appends `count` outputs, which begin at `at` in `memory`, and `features` rows of features. All are valid. */
  appendRows(memory: Float32Array, at: number, count: number, featuresAt: number, features: number): void {
    if (this.#hidden >= 0) this.#features.appendRows(memory, featuresAt, features);
    this.#predictions.appendRows(memory, at, count);
  }

  /**
   * Returns the collected outputs as blocks derived from `source` and clears them. `first` is the index of the first
   * prediction.
   */
  drain(source: Block, first: number): { prediction: Block; features: Block } {
    const prediction = drainBlock(this.#predictions, this.#pace, first, source);
    if (this.#hidden < 0) return { prediction, features: prediction };
    const firstFeature = this.#hiddenPace.outputsAfter(source.start);
    return { prediction, features: drainBlock(this.#features, this.#hiddenPace, firstFeature, source) };
  }
}

/**
 * Returns the collected rows, the first of which is output `first`, as a block derived from `source`, and clears them.
 */
export function drainBlock(rows: FrameBuffer, pace: Pace, first: number, source: Block): Block {
  const outputs = { data: rows.copy(), channels: rows.channels, valid: rows.copyValid() };
  rows.clear();
  return derivedBlock(source, pace, first, outputs);
}
