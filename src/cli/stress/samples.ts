import type { Block } from '../../core/blocks/block.ts';

/**
 * The sample of every device at a frame and channel: an integer from -2048 to 2047. A viewer can therefore check that a frame has its
 * own index.
 */
export function sampleAt(index: number, channel: number): number {
  let mixed = Math.imul((index % 2 ** 32) + 1, 0x9e3779b1) ^ Math.imul(channel + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed >>> 20) - 2048;
}

/** The frames of a device from `start` on. */
export function blockAt(start: number, frames: number, shape: { channels: number; rate: number; time: number }): Block {
  const { channels, rate, time } = shape;
  const data = new Float32Array(frames * channels);
  for (let i = 0, at = 0; i < frames; i++)
    for (let channel = 0; channel < channels; channel++) data[at++] = sampleAt(start + i, channel);
  return { data, channels, start, rate, time };
}

/** Index of the first frame whose samples are not those of a device; undefined if all are. */
export function firstWrong({ data, channels, start }: Block): number | undefined {
  for (let at = 0; at < data.length; at++) {
    const frame = start + Math.floor(at / channels);
    if (data[at] !== sampleAt(frame, at % channels)) return frame;
  }
  return undefined;
}
