import type { Block } from '../../src/core/blocks/block.ts';
import { random } from '../../src/core/random.ts';

/** A block of the frames start, start + 1, …, with the samples 10 · index + channel. */
export function countingBlock(
  start: number,
  frames: number,
  { channels = 1, rate = 100 }: { channels?: number; rate?: number } = {},
): Block {
  const data = Float32Array.from(
    { length: frames * channels },
    (_, i) => 10 * (start + Math.floor(i / channels)) + (i % channels),
  );
  return { data, channels, start, rate, time: rate > 0 ? (start * 1000) / rate : 0 };
}

/** Seeded noise in consecutive blocks of the given lengths. */
export function noiseBlocks(
  lengths: number[],
  { channels = 2, rate = 100, seed = 1 }: { channels?: number; rate?: number; seed?: number } = {},
): Block[] {
  const noise = random(seed);
  let start = 0;
  return lengths.map((frames) => {
    const data = Float32Array.from({ length: frames * channels }, () => noise.normal());
    const block = { data, channels, start, rate, time: (start * 1000) / rate };
    start += frames;
    return block;
  });
}

/** All samples of the blocks. */
export function samplesIn(blocks: readonly Block[]): number[] {
  return blocks.flatMap((block) => [...block.data]);
}
