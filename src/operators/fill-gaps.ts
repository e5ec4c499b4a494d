import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { GapFiller, type GapFillerOptions } from '../core/blocks/gap-filler.ts';
import { lift } from './lift.ts';

/**
 * Fills missing frames by a policy, and drops repeated frames.
 *
 *     source  --[0 1]--[4 5]----------[4 5 6]--|        2 and 3 are missing, 4 and 5 are repeated
 *             fillGaps({ policy: 'hold' })
 *     output  --[0 1]--[1 1][4 5]-----[6]------|        filled frames have validity 0
 *
 * If no gap is longer than `max` frames, the output has one frame per index from the first to the last. A gap is
 * detected and filled when the next block arrives, in a block of its own; blocks are not delayed. A longer gap remains
 * a jump of `start`. If the numbering starts again, its frames count as repeated; a new run needs a new subscription.
 */
export function fillGaps(options: GapFillerOptions = {}): OperatorFunction<Block, Block> {
  const { policy, max } = new GapFiller(options);
  return lift(() => new GapFiller({ policy, max }));
}
