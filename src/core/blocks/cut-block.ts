import { type Block, frameCount, timeOf } from './block.ts';

/** Returns at most `count` frames of `block` from absolute index `from` on, as a view of the same memory. */
export function cutBlock(block: Block, from: number, count: number = Infinity): Block {
  const first = Math.max(0, from - block.start);
  const last = Math.min(frameCount(block), first + count);
  if (first === 0 && last === frameCount(block)) return block;
  const start = block.start + first;
  const data = block.data.subarray(first * block.channels, last * block.channels);
  const cut: Block = { ...block, data, start, time: timeOf(block, start) };
  return block.valid ? { ...cut, valid: block.valid.subarray(first, last) } : cut;
}
