import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';

/** A block in pieces of `frames` frames, the last one shorter. */
export function recut(block: Block, frames: number): Block[] {
  const { data, channels, start, valid } = block;
  return Array.from({ length: Math.ceil(frameCount(block) / frames) }, (_, i) => {
    const [from, to] = [i * frames, (i + 1) * frames];
    const piece = {
      ...block,
      data: data.slice(from * channels, to * channels),
      start: start + from,
      time: timeOf(block, start + from),
    };
    return valid ? { ...piece, valid: valid.slice(from, to) } : piece;
  });
}
