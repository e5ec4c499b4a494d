import type { Block } from '../../../src/core/blocks/block.ts';
import { random } from '../../../src/core/random.ts';

/** Noise around 20, [frames, channels], changed by `change(t, c, x)`. */
export function noise(
  frames: number,
  channels: number,
  change: (t: number, c: number, x: number) => number = (_t, _c, x) => x,
): Float32Array {
  const chance = random(1);
  return Float32Array.from({ length: frames * channels }, (_, i) => {
    const x = 20 + chance.normal();
    return change(Math.floor(i / channels), i % channels, x);
  });
}

/** Samples in blocks of `length` frames, from frame `start` on. */
export function inBlocks(data: Float32Array, channels: number, rate: number, length: number, start = 0): Block[] {
  const frames = data.length / channels;
  return Array.from({ length: Math.ceil(frames / length) }, (_, n) => {
    const from = n * length;
    const to = Math.min(frames, from + length);
    const time = ((start + from) * 1000) / rate;
    return { data: data.slice(from * channels, to * channels), channels, start: start + from, rate, time };
  });
}
