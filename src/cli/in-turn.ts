import { type Block, frameCount } from '../core/blocks/block.ts';
import type { Recording } from '../formats/index.ts';

/** A block of one of several recordings. */
export interface RecordedBlock {
  /** Index of its recording. */
  readonly recording: number;
  readonly block: Block;
}

/**
 * The blocks of several recordings, numbered as one stream. Between two recordings, and between two segments of one, there are
 * at least `gap` missing frames, so that no window of `gap` frames spans both.
 */
export function* inTurn(recordings: readonly Recording[], gap: number): Generator<RecordedBlock> {
  let end = -gap;
  for (const [index, { blocks, segments = [], rate }] of recordings.entries()) {
    const offset = end + gap;
    const { rate: first } = recordings[0];
    for (const block of blocks) {
      const shift = offset + gap * segments.filter((start) => start <= block.start).length;
      const start = block.start + shift;
      yield { recording: index, block: { ...block, start, rate: block.rate === rate ? first : block.rate } };
      end = start + frameCount(block);
    }
  }
}
