import { frameCount, timeOf, type Block } from '../block.ts';

/** The frames of a block, each as a block of one that shares its samples. */
export function* eachFrame(block: Block): Generator<Block> {
  const { data, channels, valid } = block;
  for (let t = 0; t < frameCount(block); t++) {
    const start = block.start + t;
    yield {
      ...block,
      data: data.subarray(t * channels, (t + 1) * channels),
      start,
      time: timeOf(block, start),
      ...(valid && { valid: valid.subarray(t, t + 1) }),
    };
  }
}
