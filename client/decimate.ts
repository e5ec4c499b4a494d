import type { Ring } from './ring.ts';

/** What uPlot reads: x rising strictly, and for every channel a number or, where there is a gap, null. */
export interface Columns {
  x: number[];
  y: (number | null)[][];
}

/** A time step this many times too long is a gap, whatever the indexes say. */
const gapFactor = 2.5;

/**
 * Thins the frames of `ring` from `end - window` to `end` (ms) for a chart `width` pixels wide: with more than two frames
 * a pixel, each group of frames becomes its least and its greatest sample, in the order in which they came, so that no
 * spike is lost; a group with a gap in it shows the gap. Groups begin at fixed absolute indexes, so that the picture does not shimmer as it scrolls.
 *
 * x is in seconds before `end`. `minus` (the same frames as `ring`) is subtracted. Arrays of `into` are reused.
 */
export function decimate(
  ring: Ring,
  view: { end: number; window: number; width: number },
  channels: readonly number[],
  into: Columns,
  minus?: Ring,
): void {
  into.x.length = 0;
  for (const y of into.y) y.length = 0;
  while (into.y.length < channels.length) into.y.push([]);
  into.y.length = channels.length;
  if (!Number.isFinite(view.end)) return;
  const from = Math.max(ring.first, ring.find(view.end - view.window) - 1);
  const to = Math.min(ring.next, ring.find(view.end) + 1);
  if (to - from < 1) return;
  const frames = ring.step > 0 ? view.window / ring.step : to - from;
  const size = frames > 2 * view.width ? Math.ceil(frames / Math.max(1, view.width)) : 1;
  let last = -Infinity;
  for (let begin = from; begin < to;) {
    const stop = Math.min(to, size === 1 ? begin + 1 : (Math.floor(begin / size) + 1) * size);
    const time = ring.times[ring.at(begin)];
    if (ring.step > 0 && time - last > gapFactor * ring.step && last > -Infinity)
      addGap(into, (last + ring.step - view.end) / 1000);
    addGroup(ring, begin, stop, view.end, channels, into, minus);
    last = ring.times[ring.at(begin) + stop - begin - 1];
    begin = stop;
  }
}

function addGap(into: Columns, x: number): void {
  into.x.push(x);
  for (const y of into.y) y.push(null);
}

function addGroup(
  ring: Ring,
  begin: number,
  stop: number,
  end: number,
  channels: readonly number[],
  into: Columns,
  minus: Ring | undefined,
): void {
  const at = ring.at(begin);
  const frames = stop - begin;
  into.x.push((ring.times[at] - end) / 1000);
  if (frames > 1) into.x.push((ring.times[at + (frames >> 1)] - end) / 1000);
  for (let place = 0; place < channels.length; place++) {
    let least = Infinity;
    let greatest = -Infinity;
    let rising = true;
    let whole = true;
    for (let frame = 0, i = at * ring.channels + channels[place]; frame < frames; frame++, i += ring.channels) {
      const sample = minus ? ring.data[i] - minus.data[i] : ring.data[i];
      if (sample - sample !== 0) {
        whole = false;
        continue;
      }
      if (sample < least) {
        least = sample;
        rising = false;
      }
      if (sample > greatest) {
        greatest = sample;
        rising = true;
      }
    }
    const y = into.y[place];
    const seen = greatest >= least;
    if (frames === 1) y.push(seen ? least : null);
    else if (!seen) y.push(null, null);
    else if (!whole) y.push(greatest, null);
    else if (rising) y.push(least, greatest);
    else y.push(greatest, least);
  }
}
