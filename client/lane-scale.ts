import type { Ring } from './ring.ts';
import { robustRange } from './robust-range.ts';

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

/** Channels whose size differs from the median by more than this factor have a scale of their own. */
const maxRatio = 5;
/** Fraction of the samples that a scale of AC-coupled channels covers, and the margin above them. */
const coverage = 0.99;
const margin = 1.05;

/**
 * The scales of AC-coupled channels with the same unit: ± a round number that covers 99 % of their samples. Channels of
 * similar size share one scale; a channel that is much larger or smaller, such as one with power-line hum, has its own.
 * Scales grow immediately, and shrink only when they are clearly too large.
 */
export function sharedScales(
  ring: Ring,
  means: Ring,
  channels: readonly number[],
  from: number,
  to: number,
  previous: ReadonlyMap<number, LaneScale>,
): Map<number, LaneScale> {
  const sizes = channels.map((channel) => sizeOf(ring, means, channel, from, to));
  const known = sizes.filter((size) => size > 0).sort((a, b) => a - b);
  const median = known.length > 0 ? known[(known.length - 1) >> 1] : NaN;
  const isAlone = (size: number): boolean => size > 0 && (size > maxRatio * median || size < median / maxRatio);
  const shared = Math.max(...sizes.map((size) => (Number.isNaN(size) || isAlone(size) ? -Infinity : size)));
  const scales = new Map<number, LaneScale>();
  channels.forEach((channel, at) => {
    const size = isAlone(sizes[at]) ? sizes[at] : shared;
    const before = previous.get(channel);
    if (size >= 0) scales.set(channel, symmetricScale(size * margin, before));
    else if (before) scales.set(channel, before);
  });
  return scales;
}

function symmetricScale(size: number, previous: LaneScale | undefined): LaneScale {
  const high = roundUpNice(size);
  if (previous && high < previous.high && roundUpNice(size * 1.2) >= previous.high) return previous;
  return { low: -high, high };
}

/** The size that 99 % of the samples of a channel do not exceed; NaN without samples. */
function sizeOf(ring: Ring, means: Ring, channel: number, from: number, to: number): number {
  const stride = Math.max(1, Math.ceil((to - from) / maxSampledFrames));
  let count = 0;
  for (let index = from; index < to; index += stride) {
    const at = ring.at(index) * ring.channels + channel;
    const size = Math.abs(ring.data[at] - means.data[at]);
    if (size < Infinity) scratch[count++] = size;
  }
  return count === 0 ? NaN : scratch.subarray(0, count).sort()[Math.floor(coverage * (count - 1))];
}

/** The range of a channel without outliers; undefined without samples. */
function rangeOf(ring: Ring, channel: number, from: number, to: number): [low: number, high: number] | undefined {
  const stride = Math.max(1, Math.ceil((2 * (to - from)) / scratch.length));
  let count = 0;
  for (let begin = from; begin < to; begin += stride) {
    let min = Infinity;
    let max = -Infinity;
    for (let index = begin; index < Math.min(to, begin + stride); index++) {
      const sample = ring.data[ring.at(index) * ring.channels + channel];
      if (!Number.isFinite(sample)) continue;
      min = Math.min(min, sample);
      max = Math.max(max, sample);
    }
    if (min > max) continue;
    scratch[count++] = min;
    if (max > min) scratch[count++] = max;
  }
  return count === 0 ? undefined : robustRange(scratch.subarray(0, count).sort(), count);
}

/** The scale of a DC-coupled channel: its range without outliers, rounded outward, and extended to 0 if 0 is near. */
export function ownScale(
  ring: Ring,
  channel: number,
  from: number,
  to: number,
  previous: LaneScale | undefined,
): LaneScale | undefined {
  const range = rangeOf(ring, channel, from, to);
  if (!range) return previous;
  let [min] = range;
  const [, max] = range;
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
  return Number(value.toPrecision(12));
}
