import { BlockCutter } from '../core/blocks/block-cutter.ts';
import type { Block } from '../core/blocks/block.ts';
import { integer } from '../core/check.ts';
import { lift } from './lift.ts';
import type { OperatorFunction } from 'rxjs';

/**
 * The same frames in blocks of exactly n.
 *
 *     source  --[0 1]--[2 3 4 5 6]----------[7]--|
 *             blocks(3)
 *     output  ---------[0 1 2][3 4 5]------------([6 7]|)
 *
 * Every frame comes out once: floor(frames / n) full blocks and the rest at completion (an error drops it). A gap, that is
 * a jump of `start`, and a change of channels or rate end a block early, so no block spans one.
 */
export function blocks(n: number): OperatorFunction<Block, Block> {
  integer('n', n, 1);
  return lift(() => new BlockCutter(n));
}

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
