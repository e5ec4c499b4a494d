import type { Ring } from './ring.ts';

/** Quality of a channel: 'rail' means that the amplifier is at its limit, 'flat' that the signal is constant. */
export type Quality = 'ok' | 'rail' | 'flat';

/** Slightly less than the limit in µV of the amplifier of most EEG boards (ADS1299 at gain 24). */
export const eegRail = 187_000;

/** Fraction of the samples at the same extreme value above which a channel counts as clipped. */
const clippedFraction = 0.25;

/**
 * Assesses the last `seconds` of a channel. 'rail': a sample exceeds ±`rail` (in the unit of the channel), or a quarter of
 * the samples equal the maximum or the minimum. 'flat': all samples are equal. 'ok' otherwise, or with fewer than 8 samples.
 */
export function signalQuality(ring: Ring, channel: number, rail: number = Infinity, seconds = 1): Quality {
  const from = Math.max(ring.first, ring.find(ring.newest - seconds * 1000));
  const at = ring.at(from);
  const frames = ring.next - from;
  let min = Infinity;
  let max = -Infinity;
  let atMin = 0;
  let atMax = 0;
  let count = 0;
  for (let frame = 0; frame < frames; frame++) {
    const sample = ring.data[(at + frame) * ring.channels + channel];
    if (!Number.isFinite(sample)) continue;
    count++;
    if (sample < min) atMin = 0;
    if (sample > max) atMax = 0;
    min = Math.min(min, sample);
    max = Math.max(max, sample);
    if (sample === min) atMin++;
    if (sample === max) atMax++;
  }
  if (count < 8) return 'ok';
  if (max >= rail || min <= -rail) return 'rail';
  if (max === min) return 'flat';
  return Math.max(atMin, atMax) >= clippedFraction * count ? 'rail' : 'ok';
}
