import { frameCount, type Block } from '../blocks/block.ts';
import { floatsIn, bytesIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Truths that came before the frames that they are about, by absolute index; of those that came twice the first counts. */
export class PendingTargets {
  readonly #channels: number;
  /** By their start, none of them empty. */
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

  /** The samples in which the truth of frame `index` lies, at `at`; null where none has come. Those of earlier frames are let go. */
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
      const kept = stateIn(state, String(i));
      const valid = 'valid' in kept ? bytesIn(kept, 'valid') : undefined;
      const data = floatsIn(kept, 'data');
      this.#blocks.push({ data, channels: this.#channels, start: numberIn(kept, 'start'), rate: 0, time: 0, valid });
    }
  }
}
