import { type Block, frameCount, timeOf } from './block.ts';

/** Returns `block` in pieces of at most `count` frames, as views of the same memory. */
export function* piecesOf(block: Block, count: number): Generator<Block, void, void> {
  const end = block.start + frameCount(block);
  for (let from = block.start; from < end; from += count) yield cutBlock(block, from, count);
}

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
