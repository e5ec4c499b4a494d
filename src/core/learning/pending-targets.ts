import { frameCount, type Block } from '../blocks/block.ts';
import { floatsIn, bytesIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Target of one frame. */
export interface PendingTarget {
  /** Samples that contain the target. */
  data: Float32Array;
  /** Offset of the target in `data`. */
  offset: number;
  /** 1 = valid, 0 = invalid. */
  valid: number;
}

/** Targets that arrived before their frame, by absolute index. If a frame has two targets, the first one applies. */
export class PendingTargets {
  readonly #channels: number;
  /** Sorted by `start`; none is empty. */
  readonly #blocks: Block[] = [];
  /** Reused result of `find`, so that a call allocates nothing. */
  readonly #found: PendingTarget = { data: new Float32Array(0), offset: 0, valid: 0 };

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
   * Returns the target of frame `index`, or null if it has not arrived. Removes earlier targets. The result is valid
   * until the next call.
   */
  find(index: number): PendingTarget | null {
    const blocks = this.#blocks;
    while (blocks.length > 0 && blocks[0].start + frameCount(blocks[0]) <= index) blocks.shift();
    if (blocks.length === 0 || blocks[0].start > index) return null;
    const [{ data, start, valid }] = blocks;
    const found = this.#found;
    found.data = data;
    found.offset = (index - start) * this.#channels;
    found.valid = valid ? valid[index - start] : 1;
    return found;
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
