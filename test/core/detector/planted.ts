import type { Block } from '../../../src/core/blocks/block.ts';
import { Detector, type Alarm, type Detected, type DetectorOptions } from '../../../src/core/detector/detector.ts';
import { random } from '../../../src/core/random.ts';

/** Rate of the streams in Hz: one frame per five minutes. */
export const rate = 1 / 300;

/** Seeded daily cycles with noise, [frames, channels]; each channel has its own amplitude and phase. */
export function quiet(
  frames: number,
  { channels = 1, seed = 1 }: { channels?: number; seed?: number } = {},
): Float32Array {
  const chance = random(seed);
  return Float32Array.from({ length: frames * channels }, (_, i) => {
    const [t, c] = [Math.floor(i / channels), i % channels];
    return 10 * (c + 1) + (c + 1) * (2 * Math.sin((2 * Math.PI * t) / 288 + c) + 0.3 * chance.normal());
  });
}

/** Frames from `start` on as a block. */
export function blockOf(data: Float32Array, channels = 1, start = 0): Block {
  return { data, channels, start, rate, time: start * 300_000 };
}

/** Splits a stream into blocks of the given lengths; the last one contains the rest. */
export function cut(data: Float32Array, channels: number, lengths: readonly number[]): Block[] {
  const blocks: Block[] = [];
  const frames = data.length / channels;
  let at = 0;
  for (const length of [...lengths, frames]) {
    const to = Math.min(frames, at + length);
    blocks.push(blockOf(data.subarray(at * channels, to * channels), channels, at));
    at = to;
  }
  return blocks;
}

/** Returns what a new detector returns for the blocks. */
export function detected(blocks: readonly Block[], options: DetectorOptions = {}): Detected[] {
  const detector = new Detector(blocks[0].channels, blocks[0].rate, options);
  return blocks.map((block) => detector.push(block));
}

/** Joins all scores, shares, shifts, and alarms. */
export function joined(found: readonly Detected[]): {
  scores: number[];
  shares: number[];
  shifted: number[];
  alarms: Alarm[];
} {
  return {
    scores: found.flatMap(({ score }) => [...score.data]),
    shares: found.flatMap(({ shares }) => [...shares.data]),
    shifted: found.flatMap(({ shifted }) => [...shifted]),
    alarms: found.flatMap(({ alarms }) => alarms),
  };
}

/** Returns the alarms of a stream. */
export function alarmsOf(data: Float32Array, channels = 1, options: DetectorOptions = {}): Alarm[] {
  return joined(detected([blockOf(data, channels)], options)).alarms;
}
