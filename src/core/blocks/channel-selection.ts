import { invalid } from '../check.ts';
import type { Block } from './block.ts';

/** Selects channels of blocks, in a given order. Returns blocks unchanged if all channels are selected in order. */
export class ChannelSelection {
  readonly #indexes: readonly number[] | undefined;
  readonly #channels: number;

  /**
   * @param indexes indexes of the selected channels, from 0; undefined: all
   * @param channels number of channels of the blocks
   */
  constructor(indexes: readonly number[] | undefined, channels: number) {
    const outside = indexes?.find((index) => index >= channels);
    if (outside !== undefined) throw invalid('channel', `< ${channels}, the number of channels of the stream`, outside);
    const same = indexes?.length === channels && indexes.every((index, place) => index === place);
    this.#indexes = same ? undefined : indexes;
    this.#channels = channels;
  }

  /** Number of selected channels. */
  get count(): number {
    return this.#indexes?.length ?? this.#channels;
  }

  of(block: Block): Block {
    const indexes = this.#indexes;
    if (!indexes) return block;
    const channels = this.#channels;
    const data = new Float32Array((block.data.length / channels) * indexes.length);
    for (let from = 0, to = 0; from < block.data.length; from += channels)
      for (let i = 0; i < indexes.length; i++) data[to++] = block.data[from + indexes[i]];
    return { ...block, data, channels: indexes.length };
  }
}
