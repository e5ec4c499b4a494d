import type { Alarm } from '../../core/detector/detector.ts';
import type { Span } from './envelope.ts';
import { plotHeight, plotWidth } from './plot.ts';

/** The narrowest that a band is drawn. */
const narrowest = 8;

/** The channels that have a part in an alarm, the most concerned first. */
export function concerned({ cause, channels }: Alarm): number[] {
  const all = cause === 'dead' || cause === 'wear';
  return channels.filter(({ share }, i) => all || i === 0 || share >= 0.1).map(({ channel }) => channel);
}

/** Behind a plot of a span: from where each alarm built up to where it was raised. */
export function alarmBands(alarms: readonly Alarm[], { from, to }: Span): string {
  const x = (index: number) => ((Math.min(to, Math.max(from, index)) - from) / (to - from)) * plotWidth;
  const bands = alarms
    .filter(({ index, since }) => index >= from && since < to)
    .map(({ index, since }) => {
      const width = Math.max(narrowest, Math.round(x(index + 1) - x(since)));
      const left = Math.max(0, Math.round(x(index + 1)) - width);
      return `M${left} 0h${width}v${plotHeight}h-${width}z`;
    });
  return `<path class="band" d="${bands.join('')}"/>`;
}
