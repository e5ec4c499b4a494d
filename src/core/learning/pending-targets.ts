import { frameCount, type Block } from '../blocks/block.ts';
import { floatsIn, bytesIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Targets that arrived before their frame, by absolute index. If a frame has two targets, the first one applies. */
export class PendingTargets {
  readonly #channels: number;
  /** Sorted by `start`; none is empty. */
  readonly #blocks: Block[] = [];
  /** Offset in the samples of the frame found last, and its validity. */
  offset = 0;
  valid = 0;

  constructor(channels: number) {
    this.#channels = channels;
  }

  add(block: Block): void {
    if (frameCount(block) === 0) return;
    let place = this.#blocks.length;
    while (place > 0 && this.#blocks[place - 1].start > block.start) place--;
    this.#blocks.splice(place, 0, block);
  }

  /**
   * Returns the samples that contain the target of frame `index`, at `offset`, or null if it has not arrived. Removes
   * earlier targets.
   */
  find(index: number): Float32Array | null {
    const blocks = this.#blocks;
    while (blocks.length > 0 && blocks[0].start + frameCount(blocks[0]) <= index) blocks.shift();
    if (blocks.length === 0 || blocks[0].start > index) return null;
    const [{ data, start, valid }] = blocks;
    this.offset = (index - start) * this.#channels;
    this.valid = valid ? valid[index - start] : 1;
    return data;
  }

  save(): State {
    return Object.fromEntries(
      this.#blocks.map(({ start, data, valid }, i) => [
        String(i),
        { start, data: data.slice(), ...(valid && { valid: valid.slice() }) },
      ]),
    );
  }

  restore(state: State): void {
    this.#blocks.length = 0;
    for (let i = 0; String(i) in state; i++) {
      const saved = stateIn(state, String(i));
      const valid = 'valid' in saved ? bytesIn(saved, 'valid') : undefined;
      const data = floatsIn(saved, 'data');
      this.#blocks.push({ data, channels: this.#channels, start: numberIn(saved, 'start'), rate: 0, time: 0, valid });
    }
  }
}
