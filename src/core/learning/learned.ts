import type { Block } from '../blocks/block.ts';
import { chain, type Pace } from '../layers/pace.ts';
import type { Rows } from '../memory/rows.ts';
import { derivedBlock } from '../network/derived-block.ts';
import type { Network } from '../network/network.ts';
import type { Weights } from '../network/weights.ts';
import type { MissingReason } from './evaluation.ts';
import type { Score } from './forecast-score.ts';
import { FrameBuffer } from './frames.ts';

/**
 * Why an output was not learned from: its taps saw what was no sample (warm-up, gaps, NaN); its truth was none; or never came in
 * time; learning was off; the stretch was told to be alarmed; the weights became no numbers; the loss exploded.
 */
export type SkipReason = MissingReason | 'frozen' | 'alarmed' | 'notFinite' | 'exploded';

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
  readonly skipped: Readonly<Record<SkipReason, number>>;
  /** How many times the last good weights were brought back, and μ as it is now: a loss that explodes halves it. */
  readonly rollbacks: number;
  readonly learningRate: number;
  /** @deprecated Use `learningRate`. */
  readonly rate: number;
  /** A copy of the weights to serve as they are now. */
  weights(): Weights;
}

/** Nothing refused yet. */
export const noSkips: Record<SkipReason, number> = {
  gap: 0,
  noTruth: 0,
  late: 0,
  frozen: 0,
  alarmed: 0,
  notFinite: 0,
  exploded: 0,
};

/** What the layers of a network put out frame by frame, gathered into the blocks that a learner tells of. */
export class OutputCollector {
  readonly #predictions: FrameBuffer;
  readonly #features: FrameBuffer;
  /** The layer below the last one that is trained; -1 = there is none. */
  readonly #hidden: number;
  readonly #pace: Pace;
  readonly #hiddenPace: Pace;

  constructor({ layers, outChannels, pace }: Network) {
    this.#hidden = layers.findLastIndex(({ parameters }) => parameters.length > 0) - 1;
    this.#pace = pace;
    this.#hiddenPace = chain(layers.slice(0, this.#hidden + 1).map((layer) => layer.pace));
    this.#predictions = new FrameBuffer(outChannels);
    this.#features = new FrameBuffer(this.#hidden >= 0 ? layers[this.#hidden].outChannels : outChannels);
  }

  /** Takes what each layer put out last, which lies in `memory`. */
  append(memory: Float32Array, outputs: readonly Rows[]): void {
    const last = outputs[outputs.length - 1];
    if (this.#hidden >= 0) this.#features.append(memory, outputs[this.#hidden]);
    if (last.count > 0) this.#predictions.append(memory, last);
  }

  clear(): void {
    this.#predictions.clear();
    this.#features.clear();
  }

  /** All that has been gathered since the last time, as blocks that follow `source`; `first` is the index of the first prediction. */
  drain(source: Block, first: number): { prediction: Block; features: Block } {
    const prediction = drainBlock(this.#predictions, this.#pace, first, source);
    if (this.#hidden < 0) return { prediction, features: prediction };
    const from = this.#hiddenPace.outputsAfter(source.start);
    return { prediction, features: drainBlock(this.#features, this.#hiddenPace, from, source) };
  }
}

/** Takes the rows gathered, from output `first` on, as a block that follows `source` at `pace`. */
export function drainBlock(rows: FrameBuffer, pace: Pace, first: number, source: Block): Block {
  const outputs = { data: rows.copy(), channels: rows.channels, valid: rows.valid.slice(0, rows.count) };
  rows.clear();
  return derivedBlock(source, pace, first, outputs);
}
