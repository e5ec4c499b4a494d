import type { Ring } from './ring.ts';

/** The data format of uPlot: x strictly increasing, and one column per channel with null in gaps. */
export interface Columns {
  x: number[];
  y: (number | null)[][];
}

/**
 * Decimates the frames of `ring` from `end - window` to `end` (ms) for a chart that is `width` pixels wide. With more than
 * two frames per pixel, each group of frames is replaced by its minimum and maximum in temporal order, so that no spike is
 * lost; a group that contains a gap shows the gap, also if only time is missing (`Ring.outage`). Groups start at fixed absolute indices, so that the chart does not
 * flicker as it scrolls.
 *
 * x is in seconds relative to `end`. `minus` (the same frames as `ring`) is subtracted. The arrays of `into` are reused.
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
  const { outage } = ring;
  let last = -Infinity;
  for (let begin = from; begin < to;) {
    const full = Math.min(to, size === 1 ? begin + 1 : (Math.floor(begin / size) + 1) * size);
    const stop = firstOutage(ring, begin, full, outage);
    const time = ring.times[ring.at(begin)];
    if (time - last > outage && last > -Infinity) addGap(into, (last + outage / 2 - view.end) / 1000);
    addGroup(ring, begin, stop, view.end, channels, into, minus);
    last = ring.times[ring.at(begin) + stop - begin - 1];
    begin = stop;
  }
}

/** Index of the first frame after `begin` that follows an outage; `stop` if there is none before `stop`. */
function firstOutage(ring: Ring, begin: number, stop: number, outage: number): number {
  const at = ring.at(begin);
  if (ring.times[at + stop - begin - 1] - ring.times[at] <= outage) return stop;
  for (let i = 1; i < stop - begin; i++) if (ring.times[at + i] - ring.times[at + i - 1] > outage) return begin + i;
  return stop;
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
    let min = Infinity;
    let max = -Infinity;
    let rising = true;
    let complete = true;
    for (let frame = 0, i = at * ring.channels + channels[place]; frame < frames; frame++, i += ring.channels) {
      const sample = minus ? ring.data[i] - minus.data[i] : ring.data[i];
      if (sample - sample !== 0) {
        complete = false;
        continue;
      }
      if (sample < min) {
        min = sample;
        rising = false;
      }
      if (sample > max) {
        max = sample;
        rising = true;
      }
    }
    const y = into.y[place];
    const hasSamples = max >= min;
    if (frames === 1) y.push(hasSamples ? min : null);
    else if (!hasSamples) y.push(null, null);
    else if (!complete) y.push(max, null);
    else if (rising) y.push(min, max);
    else y.push(max, min);
  }
}
