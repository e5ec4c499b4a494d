import type { Alarm } from '../../core/detector/detector.ts';
import { affectedChannels } from '../alarm-text.ts';
import { numberTicks, shortNumber } from './axis.ts';
import { envelope, extremes, outline, ridge, type Span } from './envelope.ts';
import { plotHeight, plotWidth, type Lane } from './plot.ts';
import type { ReportContent } from './report-content.ts';

export const detectLanesStyle = `
.plot .signal { stroke: var(--accent); fill: var(--accent); } .plot .score { stroke: var(--third); fill: var(--third); }
.threshold { stroke: var(--alarm); stroke-dasharray: 6 4; } .plot .band { fill: var(--band); }`;

/** Maximum number of columns that a lane is drawn in. */
const maxColumns = 600;

/** Minimum width of an alarm band in the box of a plot. */
const minBandWidth = 8;

/** A channel over a span, with a band for each alarm that affects it. */
export function channelLane({ labels, alarms, trace }: ReportContent, c: number, span: Span): Lane {
  const drawn = envelope(trace.signal, c, span, maxColumns);
  const [low, high] = extremes(drawn);
  const margin = 0.06 * (high - low) || 1;
  const [min, max] = [low - margin, high + margin];
  const own = alarms.filter((alarm) => affectedChannels(alarm).some(({ channel }) => channel === c));
  return {
    name: labels[c],
    note: low <= high ? `${shortNumber(low, 4)} to ${shortNumber(high, 4)}` : 'no samples',
    y: numberTicks(min, max, 3),
    drawing: `${alarmBands(own, span)}<path class="signal" d="${outline(drawn, min, max)}"/>`,
  };
}

const year = 365 * 86_400;
const intervals: readonly (readonly [string, number])[] = [
  ['1 second', 1],
  ['1 minute', 60],
  ['1 hour', 3600],
  ['1 day', 86_400],
  ['1 month', 30 * 86_400],
  ['1 year', year],
  ['10 years', 10 * year],
  ['100 years', 100 * year],
];

/** The score of each frame of a span as its rarity, with the threshold that raises an alarm. */
export function rarityLane({ rate, alarms, trace }: ReportContent, span: Span): Lane {
  const score = envelope(trace.score, 0, span, maxColumns);
  const threshold = envelope(trace.threshold, 0, span, maxColumns);
  const [[low, high], [, highestThreshold]] = [extremes(score), extremes(threshold)];
  const [min, max] = [Math.min(low, highestThreshold) - 0.1, Math.max(high, highestThreshold) + 0.3];
  const y = intervals
    .map(([label, seconds]) => ({ at: (Math.log10(seconds * rate) - min) / (max - min), label }))
    .filter(({ at }) => at >= 0 && at <= 1);
  const paths = `<path class="score" d="${outline(score, min, max)}"/><path class="threshold" d="${ridge(threshold.high, min, max)}"/>`;
  return {
    name: 'Rarity',
    note: 'once in …; dashed: alarm threshold',
    y,
    drawing: alarmBands(alarms, span) + paths,
  };
}

/** Bands behind the plot of a span, from the first sign of each alarm to the frame that raised it. */
function alarmBands(alarms: readonly Alarm[], { from, to }: Span): string {
  const x = (index: number) => ((Math.min(to, Math.max(from, index)) - from) / (to - from)) * plotWidth;
  const bands = alarms
    .filter(({ index, since }) => index >= from && since < to)
    .map(({ index, since }) => {
      const width = Math.max(minBandWidth, Math.round(x(index + 1) - x(since)));
      const left = Math.max(0, Math.round(x(index + 1)) - width);
      return `M${left} 0h${width}v${plotHeight}h-${width}z`;
    });
  return `<path class="band" d="${bands.join('')}"/>`;
}
