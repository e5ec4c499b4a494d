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

/** Targets that arrived before their frames. If a frame has several targets, the first one that arrived is used. */
export class PendingTargets {
  readonly #channels: number;
  /** Blocks of targets, sorted by `start`. They are not empty and do not overlap. */
  readonly #blocks: Block[] = [];
  /** Reused result of `find`, so that a call allocates nothing. */
  readonly #found: PendingTarget = { data: new Float32Array(0), offset: 0, valid: 0 };

  constructor(channels: number) {
    this.#channels = channels;
  }

  /** The targets, in blocks sorted by `start`. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** Adds the targets in a block, except those of frames before `from` and of frames that already have a target. */
  add(block: Block, from: number): void {
    const blocks = this.#blocks;
    const end = endOf(block);
    let start = Math.max(block.start, from);
    let place = blocks.length;
    while (place > 0 && blocks[place - 1].start > start) place--;
    if (place > 0) start = Math.max(start, endOf(blocks[place - 1]));
    while (start < end) {
      const stop = place < blocks.length ? Math.min(end, blocks[place].start) : end;
      if (start < stop) blocks.splice(place++, 0, partOf(block, start, stop));
      start = place < blocks.length ? Math.max(stop, endOf(blocks[place])) : stop;
      place++;
    }
  }

  /**
   * Returns the target of frame `index`, or null if it has not arrived. Removes earlier targets. The result is valid
   * until the next call.
   */
  find(index: number): PendingTarget | null {
    const blocks = this.#blocks;
    this.drop(index);
    if (blocks.length === 0 || blocks[0].start > index) return null;
    const { data, start, valid } = blocks[0];
    const found = this.#found;
    found.data = data;
    found.offset = (index - start) * this.#channels;
    found.valid = valid ? valid[index - start] : 1;
    return found;
  }

  /**
   * Returns how many frames from `index` on have a valid target in the same block, at most `limit`. Frame `index` has a target (`find`).
   */
  validFrames(index: number, limit: number): number {
    const [block] = this.#blocks;
    const from = index - block.start;
    const end = Math.min(frameCount(block), from + limit);
    return (block.valid ? endOfRun(block.valid, 1, from, end) : end) - from;
  }

  /** Removes the blocks that end before frame `index`. */
  drop(index: number): void {
    const blocks = this.#blocks;
    while (blocks.length > 0 && endOf(blocks[0]) <= index) blocks.shift();
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

/** Returns the first place from `from` to before `end` whose flag differs from `flag`, or `end`. */
export function endOfRun(flags: Uint8Array, flag: number, from: number, end: number): number {
  let to = from;
  while (to < end && flags[to] === flag) to++;
  return to;
}

function endOf(block: Block): number {
  return block.start + frameCount(block);
}

/** Returns frames `start` to `end` of a block, without a copy. */
function partOf(block: Block, start: number, end: number): Block {
  if (start === block.start && end === endOf(block)) return block;
  const [from, to] = [start - block.start, end - block.start];
  const data = block.data.subarray(from * block.channels, to * block.channels);
  return { ...block, data, start, valid: block.valid?.subarray(from, to) };
}
