import type { Alarm } from '../../core/detector/detector.ts';
import { numberTicks, shortNumber } from './axis.ts';
import { envelope, extremes, outline, ridge, type Span } from './envelope.ts';
import { type Lane, plotHeight, plotWidth } from './plot.ts';
import type { ReportContent } from './report-content.ts';

export const detectLanesStyle = `
.plot .signal { stroke: var(--accent); fill: var(--accent); } .plot .score { stroke: var(--third); fill: var(--third); }
.threshold { stroke: var(--alarm); stroke-dasharray: 6 4; } .plot .band { fill: var(--band); }`;

/** How many columns of lowest and highest a lane is drawn in. */
const columns = 600;

/** A channel over a span, on the bands of the alarms that it has a part in. */
export function channelLane({ labels, alarms, trace }: ReportContent, c: number, span: Span): Lane {
  const drawn = envelope(trace.signal, c, span, columns);
  const [low, high] = extremes(drawn);
  const margin = 0.06 * (high - low) || 1;
  const [least, most] = [low - margin, high + margin];
  const own = alarms.filter((alarm) => concerned(alarm).includes(c));
  return {
    name: labels[c],
    note: low <= high ? `${shortNumber(low, 4)} to ${shortNumber(high, 4)}` : 'no samples',
    y: numberTicks(least, most, 3),
    drawing: `${alarmBands(own, span)}<path class="signal" d="${outline(drawn, least, most)}"/>`,
  };
}

const year = 365 * 86_400;
const spells: readonly (readonly [string, number])[] = [
  ['1 second', 1],
  ['1 minute', 60],
  ['1 hour', 3600],
  ['1 day', 86_400],
  ['1 month', 30 * 86_400],
  ['1 year', year],
  ['10 years', 10 * year],
  ['100 years', 100 * year],
];

/** How rare each frame of a span is, and how rare it must be to raise an alarm. */
export function rarityLane({ rate, alarms, trace }: ReportContent, span: Span): Lane {
  const score = envelope(trace.score, 0, span, columns);
  const threshold = envelope(trace.threshold, 0, span, columns);
  const [[low, high], [, raised]] = [extremes(score), extremes(threshold)];
  const [least, most] = [Math.min(low, raised) - 0.1, Math.max(high, raised) + 0.3];
  const y = spells
    .map(([label, seconds]) => ({ at: (Math.log10(seconds * rate) - least) / (most - least), label }))
    .filter(({ at }) => at >= 0 && at <= 1);
  const paths = `<path class="score" d="${outline(score, least, most)}"/><path class="threshold" d="${ridge(threshold.high, least, most)}"/>`;
  return {
    name: 'How rare',
    note: 'once in …; dashed: an alarm',
    y,
    drawing: alarmBands(alarms, span) + paths,
  };
}

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
