import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { blocks } from './blocks.ts';

/**
 * One block a frame.
 *
 *     source  --[0 1]---[2]--|
 *             frames()
 *     output  --[0][1]--[2]--|
 *
 * As many blocks come out as frames go in; nothing is held back. Blocks are the faster way to carry many frames.
 */
export function frames(): OperatorFunction<Block, Block> {
  return blocks(1);
}
