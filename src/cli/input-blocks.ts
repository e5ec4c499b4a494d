import { frameCount, type Block } from '../core/block.ts';
import { Standardizer } from '../core/standardizer.ts';
import { cutBlock } from '../sources/cut-block.ts';
import type { Recording } from '../sources/index.ts';

/**
 * A recording in blocks of at most `frames`, its gaps kept; where `standardize` tells the seconds that they are taken
 * over, its channels are less their running mean and in running spreads.
 */
export function* inputBlocks(
  { channels, rate, blocks }: Recording,
  frames: number,
  standardize?: number,
): Generator<Block> {
  const scaler = standardize && new Standardizer({ channels: channels.length, frames: standardize * rate });
  for (const block of blocks) {
    const whole = scaler ? { ...block, data: scaler.push(block.data, block.valid) } : block;
    for (let from = 0; from < frameCount(block); from += frames) yield cutBlock(whole, block.start + from, frames);
  }
}
