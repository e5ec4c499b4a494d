import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { GapFiller, type GapFillerOptions } from '../core/blocks/gap-filler.ts';
import { lift } from './lift.ts';

/**
 * Frames that never came, filled in by a policy; frames that came twice, cut off.
 *
 *     source  --[0 1]--[4 5]----------[4 5 6]--|        2 and 3 never came, 4 and 5 came twice
 *             fillGaps({ policy: 'hold' })
 *     output  --[0 1]--[1 1][4 5]-----[6]------|        the frames filled in have validity 0
 *
 * With a gap of at most `max` frames, the output has one frame for every index from the first to the last. A gap is seen
 * when the next block arrives, and filled then in a block of its own; nothing is held back. A longer gap stays a jump
 * of `start`. A numbering that begins again is taken for old frames: a new run needs a new subscription.
 */
export function fillGaps(options: GapFillerOptions = {}): OperatorFunction<Block, Block> {
  const { policy, max } = new GapFiller(options);
  return lift(() => new GapFiller({ policy, max }));
}
