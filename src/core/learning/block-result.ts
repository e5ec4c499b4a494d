import type { Block } from '../blocks/block.ts';
import type { Weights } from '../network/weights.ts';
import type { Learned, SkipReason } from './learned.ts';
import type { Score } from './forecast-score.ts';
import type { ServedWeights } from './served-weights.ts';

/** What a result reads of the learner when it is asked. */
export interface ResultSource {
  score(): Score;
  weights(): Weights;
  currentWeights(): Weights;
  skipped(): Record<SkipReason, number>;
}

/** Result of one block. The scores are computed when they are read first. */
export class BlockResult implements Learned {
  readonly prediction: Block;
  readonly error: Block;
  readonly features: Block;
  readonly served: ServedWeights | null;
  readonly updates: number;
  readonly rollbacks: number;
  readonly learningRate: number;
  readonly #source: ResultSource;
  #score: Score | null = null;
  #skipped: Readonly<Record<SkipReason, number>> | null = null;

  constructor(
    blocks: Pick<Learned, 'prediction' | 'error' | 'features'>,
    numbers: Pick<Learned, 'served' | 'updates' | 'rollbacks' | 'learningRate'>,
    source: ResultSource,
  ) {
    this.prediction = blocks.prediction;
    this.error = blocks.error;
    this.features = blocks.features;
    this.served = numbers.served;
    this.updates = numbers.updates;
    this.rollbacks = numbers.rollbacks;
    this.learningRate = numbers.learningRate;
    this.#source = source;
  }

  get score(): Score {
    return (this.#score ??= this.#source.score());
  }

  get skipped(): Readonly<Record<SkipReason, number>> {
    return (this.#skipped ??= this.#source.skipped());
  }

  get refused(): Readonly<Record<SkipReason, number>> {
    return this.skipped;
  }

  get rate(): number {
    return this.learningRate;
  }

  weights(): Weights {
    return this.#source.weights();
  }

  currentWeights(): Weights {
    return this.#source.currentWeights();
  }
}
