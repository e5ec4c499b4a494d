import { type Block, frameCount } from '../core/blocks/block.ts';
import type { Pace } from '../core/layers/pace.ts';

/**
 * Replaces the outputs of a network that are not based on a full window by NaN, so that they cannot be mistaken for predictions: those of
 * the start-up, and those whose window includes missing frames that were not filled.
 */
export class StartUpMask {
  readonly #pace: Pace;
  /** First frame after the start or the last gap, and the next frame. */
  #from = 0;
  #next = -1;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Counts frames that arrived. Call it for each block of frames, before `apply` for the outputs that are aligned with them. */
  add(frames: Block): void {
    if (frames.start !== this.#next) this.#from = frames.start;
    this.#next = frames.start + frameCount(frames);
  }

  /** Returns a block of outputs with incomplete ones replaced by NaN; the block itself if all are complete. */
  apply(outputs: Block): Block {
    const { receptiveField, alignedFrame } = this.#pace;
    const { channels, start } = outputs;
    const isComplete = (row: number) => alignedFrame(start + row) - (receptiveField - 1) >= this.#from;
    const count = frameCount(outputs);
    let incomplete = 0;
    while (incomplete < count && !isComplete(incomplete)) incomplete++;
    if (incomplete === 0) return outputs;
    return { ...outputs, data: outputs.data.slice().fill(NaN, 0, incomplete * channels) };
  }
}
