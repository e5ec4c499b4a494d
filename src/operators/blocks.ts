import { BlockCutter } from '../core/blocks/block-cutter.ts';
import type { Block } from '../core/blocks/block.ts';
import { integer } from '../core/check.ts';
import { lift } from './lift.ts';
import type { OperatorFunction } from 'rxjs';

/**
 * Regroups frames into blocks of n frames.
 *
 *     source  --[0 1]--[2 3 4 5 6]----------[7]--|
 *             blocks(3)
 *     output  ---------[0 1 2][3 4 5]------------([6 7]|)
 *
 * Every frame is emitted once: floor(frames / n) full blocks, and the rest on completion (an error drops it). A gap (a
 * jump of `start`) or a change of channels or rate ends a block early, so no block spans one.
 * @throws RangeError if n is not an integer >= 1
 */
export function blocks(n: number): OperatorFunction<Block, Block> {
  integer('n', n, 1);
  return lift(() => new BlockCutter(n));
}

/**
 * Splits blocks into blocks of one frame.
 *
 *     source  --[0 1]---[2]--|
 *             frames()
 *     output  --[0][1]--[2]--|
 *
 * It emits as many blocks as there are frames, without delay. Larger blocks are faster to process.
 */
export function frames(): OperatorFunction<Block, Block> {
  return blocks(1);
}
