import type { OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { invalid, positive } from '../core/check.ts';
import { Standardizer } from '../core/filters/standardizer.ts';
import { lift, type Processor } from './lift.ts';

/** How fast `standardize` forgets: by time, or, for irregular streams, by frames. */
export interface StandardizeOptions {
  /** Time constant in seconds; default 1. Needs blocks that have a rate. */
  tau?: number;
  /** Time constant in frames, instead of `tau`. */
  frames?: number;
}

/**
 * Every channel less its running mean, in running spreads (the formulas are at `Standardizer`).
 *
 *     source  --[100 104]--[ 96 ]--|
 *             standardize({ tau: 1 })
 *     output  --[  0   1]--[-1.2]--|
 *
 * As many frames come out as go in, with their start, time and validity. Causal: a sample counts in its own statistics
 * and in later ones. Gaps and invalid samples move nothing. A change of channels or rate starts anew.
 * A block without a rate is an error unless `frames` is given.
 */
export function standardize(options: StandardizeOptions = {}): OperatorFunction<Block, Block> {
  const { tau = 1, frames } = options;
  if (frames === undefined) positive('tau', tau, 'seconds');
  else positive('frames', frames);
  return lift(() => standardizing(tau, frames));
}

function standardizing(tau: number, frames: number | undefined): Processor<Block, Block> {
  let standardizer: Standardizer | undefined;
  let rate = 0;
  return {
    push(block) {
      checkBlock(block);
      if (frames === undefined && block.rate === 0)
        throw invalid('block.rate', 'a number > 0 in Hz for standardize({ tau }) (irregular: use { frames })', 0);
      if (!standardizer || block.channels !== standardizer.channels || block.rate !== rate) {
        rate = block.rate;
        standardizer = new Standardizer({ channels: block.channels, frames: frames ?? tau * rate });
      }
      return [{ ...block, data: standardizer.push(block.data, block.valid) }];
    },
  };
}
