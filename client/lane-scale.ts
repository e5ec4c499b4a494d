import type { Ring } from './ring.ts';

/** The samples that half a lane stands for, or the bounds of a lane. */
export interface LaneScale {
  low: number;
  high: number;
}

const maxSampledFrames = 400;
const scratch = new Float32Array(4096);

/** The least of 1, 2, 5, 10, 20 … (and their tenths) that is at least `size`. */
export function roundUpNice(size: number): number {
  if (!(size > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(size));
  const step = [1, 2, 5, 10].find((nice) => nice * decade >= size * 0.999999) ?? 10;
  return Number((step * decade).toPrecision(6));
}

/**
 * The scale that several AC-coupled channels of one unit share: ± a round number that holds 95 % of their samples. It
 * grows at once and shrinks only when it is clearly too wide.
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
  const wanted = roundUpNice(size);
  if (previous && wanted < previous.high && roundUpNice(size * 1.2) >= previous.high) return previous;
  return { low: -wanted, high: wanted };
}

/** The scale of one DC-coupled channel: what it spans, rounded outwards, from 0 where that is near. */
export function ownScale(
  ring: Ring,
  channel: number,
  from: number,
  to: number,
  previous: LaneScale | undefined,
): LaneScale | undefined {
  let least = Infinity;
  let greatest = -Infinity;
  for (let index = from; index < to; index++) {
    const sample = ring.data[ring.at(index) * ring.channels + channel];
    if (!Number.isFinite(sample)) continue;
    least = Math.min(least, sample);
    greatest = Math.max(greatest, sample);
  }
  if (least > greatest) return previous;
  if (least >= 0 && least < 0.7 * greatest) least = 0;
  const step = roundUpNice((greatest - least) / 4 || Math.abs(greatest) / 4 || 1);
  const low = Math.floor(least / step) * step;
  const high = Math.max(Math.ceil(greatest / step), low / step + 1) * step;
  const held = previous && previous.low <= least && previous.high >= greatest;
  if (held && high - low > 0.55 * (previous.high - previous.low)) return previous;
  return { low: tidy(low), high: tidy(high) };
}

function tidy(value: number): number {
  return Number(value.toPrecision(6));
}
