import { frameCount, type Block } from '../core/blocks/block.ts';
import { GapFiller, type GapFillerOptions } from '../core/blocks/gap-filler.ts';
import { Standardizer } from '../core/filters/standardizer.ts';
import { cutBlock } from '../sources/cut-block.ts';
import type { Recording } from '../sources/index.ts';

/** What is done to a recording before it is used. */
export interface InputOptions {
  /** What stands in its gaps; default: nothing. */
  readonly gaps?: GapFillerOptions;
  /** Seconds over which its channels are taken less their running mean and in running spreads; default: they stay. */
  readonly standardize?: number;
}

/** A recording in blocks of at most `frames`; those that fill gaps are not `valid`. */
export function* inputBlocks(
  { channels, rate, blocks }: Recording,
  frames: number,
  { gaps = { policy: 'none' }, standardize }: InputOptions = {},
): Generator<Block> {
  const filler = new GapFiller(gaps);
  const scaler = standardize && new Standardizer({ channels: channels.length, frames: standardize * rate });
  for (const block of blocks.flatMap((each) => filler.push(each))) {
    const whole = scaler ? { ...block, data: scaler.push(block.data, block.valid) } : block;
    for (let from = 0; from < frameCount(block); from += frames) yield cutBlock(whole, block.start + from, frames);
  }
}
