import type { OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { invalid, positive } from '../core/check.ts';
import { Standardizer } from '../core/filters/standardizer.ts';
import { lift, type Processor } from './lift.ts';

/** Time constant of `standardize`: in seconds or, for irregular streams, in frames. */
export interface StandardizeOptions {
  /** Time constant in seconds. Default 1. Requires blocks with a rate. */
  tau?: number;
  /** Time constant in frames, instead of `tau`. */
  frames?: number;
}

/**
 * Subtracts the running mean of every channel and divides by its running standard deviation (formulas in
 * `Standardizer`).
 *
 *     source  --[100 104]--[ 96 ]--|
 *             standardize({ tau: 1 })
 *     output  --[  0   1]--[-1.2]--|
 *
 * It emits as many frames as it receives, with their start, time, and validity. It is causal: a sample contributes to
 * its own statistics and to later ones. Gaps and invalid samples do not change the statistics. A change of channels or
 * rate resets them. A block without a rate is an error unless `frames` is given.
 */
export function standardize(options: StandardizeOptions = {}): OperatorFunction<Block, Block> {
  const { tau = 1, frames } = options;
  if (frames === undefined) positive('tau', tau, 'seconds');
  else positive('frames', frames);
  return lift(() => createProcessor(tau, frames));
}

function createProcessor(tau: number, frames: number | undefined): Processor<Block, Block> {
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
