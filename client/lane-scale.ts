import type { Ring } from './ring.ts';

/** The values at the bottom and at the top of a lane. */
export interface LaneScale {
  low: number;
  high: number;
}

/** Frames that are examined per channel. */
const maxSampledFrames = 400;
const scratch = new Float32Array(4096);

/** Rounds up to the next of 1, 2, or 5 times a power of ten. */
export function roundUpNice(size: number): number {
  if (!(size > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(size));
  const step = [1, 2, 5, 10].find((nice) => nice * decade >= size * 0.999999) ?? 10;
  return Number((step * decade).toPrecision(6));
}

/**
 * The shared scale of AC-coupled channels with the same unit: ± a round number that covers 95 % of their samples. It grows
 * immediately, and shrinks only when it is clearly too large. Returns `previous` without samples.
 */
export function sharedScale(
  ring: Ring,
  means: Ring,
  channels: readonly number[],
  from: number,
  to: number,
  previous: LaneScale | undefined,
): LaneScale | undefined {
  const stride = Math.max(
    1,
    Math.ceil(((to - from) * channels.length) / scratch.length),
    Math.ceil((to - from) / maxSampledFrames),
  );
  let count = 0;
  for (let index = from; index < to; index += stride) {
    const row = ring.at(index) * ring.channels;
    for (const channel of channels) {
      const size = Math.abs(ring.data[row + channel] - means.data[row + channel]);
      if (size < Infinity && count < scratch.length) scratch[count++] = size;
    }
  }
  if (count === 0) return previous;
  const size = scratch.subarray(0, count).sort()[Math.floor(0.95 * (count - 1))] * 1.05;
  const high = roundUpNice(size);
  if (previous && high < previous.high && roundUpNice(size * 1.2) >= previous.high) return previous;
  return { low: -high, high };
}

/** The scale of a DC-coupled channel: its range, rounded outward, and extended to 0 if 0 is near. */
export function ownScale(
  ring: Ring,
  channel: number,
  from: number,
  to: number,
  previous: LaneScale | undefined,
): LaneScale | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (let index = from; index < to; index++) {
    const sample = ring.data[ring.at(index) * ring.channels + channel];
    if (!Number.isFinite(sample)) continue;
    min = Math.min(min, sample);
    max = Math.max(max, sample);
  }
  if (min > max) return previous;
  if (min >= 0 && min < 0.7 * max) min = 0;
  const step = roundUpNice((max - min) / 4 || Math.abs(max) / 4 || 1);
  const low = Math.floor(min / step) * step;
  const high = Math.max(Math.ceil(max / step), low / step + 1) * step;
  const covered = previous && previous.low <= min && previous.high >= max;
  if (covered && high - low > 0.55 * (previous.high - previous.low)) return previous;
  return { low: roundOff(low), high: roundOff(high) };
}

/** Removes rounding errors. */
function roundOff(value: number): number {
  return Number(value.toPrecision(6));
}
