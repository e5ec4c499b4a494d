import type { Ring } from './ring.ts';

/** What is wrong with a channel: the amplifier sits at its limit, or nothing moves at all. */
export type Quality = 'ok' | 'rail' | 'flat';

/** Where the amplifier that most EEG boards have (ADS1299, gain 24) ends, in µV, less a little. */
export const eegRail = 187_000;

/** So much of the time at the very same extreme is no signal. */
const clippedFraction = 0.25;

/**
 * Judges the last `seconds` of a channel. 'rail': beyond `rail` (same unit, either sign), or a quarter of the samples equal
 * to the very same greatest or least one. 'flat': no sample differs from another. Too few samples are 'ok'.
 */
export function signalQuality(ring: Ring, channel: number, rail: number = Infinity, seconds = 1): Quality {
  const from = Math.max(ring.first, ring.find(ring.newest - seconds * 1000));
  const at = ring.at(from);
  const frames = ring.next - from;
  let least = Infinity;
  let greatest = -Infinity;
  let atLeast = 0;
  let atGreatest = 0;
  let seen = 0;
  for (let frame = 0; frame < frames; frame++) {
    const sample = ring.data[(at + frame) * ring.channels + channel];
    if (!Number.isFinite(sample)) continue;
    seen++;
    if (sample < least) atLeast = 0;
    if (sample > greatest) atGreatest = 0;
    least = Math.min(least, sample);
    greatest = Math.max(greatest, sample);
    if (sample === least) atLeast++;
    if (sample === greatest) atGreatest++;
  }
  if (seen < 8) return 'ok';
  if (greatest >= rail || least <= -rail) return 'rail';
  if (greatest === least) return 'flat';
  return Math.max(atLeast, atGreatest) >= clippedFraction * seen ? 'rail' : 'ok';
}
