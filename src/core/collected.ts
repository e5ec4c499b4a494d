import type { Block } from './block.ts';
import { derivedBlock } from './derived-block.ts';
import { Frames } from './frames.ts';
import type { Network } from './network.ts';
import { chain, type Pace } from './pace.ts';
import type { Rows } from './rows.ts';

/** What the layers of a network put out frame by frame, gathered into the blocks that a learner tells of. */
export class Collected {
  readonly #predictions: Frames;
  readonly #features: Frames;
  /** The layer below the last one that is trained; -1 = there is none. */
  readonly #hidden: number;
  readonly #pace: Pace;
  readonly #hiddenPace: Pace;

  constructor({ layers, outChannels, pace }: Network) {
    this.#hidden = layers.findLastIndex(({ parameters }) => parameters.length > 0) - 1;
    this.#pace = pace;
    this.#hiddenPace = chain(layers.slice(0, this.#hidden + 1).map((layer) => layer.pace));
    this.#predictions = new Frames(outChannels);
    this.#features = new Frames(this.#hidden >= 0 ? layers[this.#hidden].outChannels : outChannels);
  }

  /** Takes what each layer put out last, which lies in `memory`. */
  add(memory: Float32Array, outputs: readonly Rows[]): void {
    const last = outputs[outputs.length - 1];
    if (this.#hidden >= 0) this.#features.append(memory, outputs[this.#hidden]);
    if (last.count > 0) this.#predictions.append(memory, last);
  }

  clear(): void {
    this.#predictions.clear();
    this.#features.clear();
  }

  /** All that has been gathered since the last time, as blocks that follow `source`; `first` is the index of the first prediction. */
  take(source: Block, first: number): { prediction: Block; features: Block } {
    const prediction = takeBlock(this.#predictions, this.#pace, first, source);
    if (this.#hidden < 0) return { prediction, features: prediction };
    const from = this.#hiddenPace.outputsAfter(source.start);
    return { prediction, features: takeBlock(this.#features, this.#hiddenPace, from, source) };
  }
}

/** Takes the rows gathered, from output `first` on, as a block that follows `source` at `pace`. */
export function takeBlock(rows: Frames, pace: Pace, first: number, source: Block): Block {
  const outputs = { data: rows.copy(), channels: rows.channels, valid: rows.valid.slice(0, rows.count) };
  rows.clear();
  return derivedBlock(source, pace, first, outputs);
}
