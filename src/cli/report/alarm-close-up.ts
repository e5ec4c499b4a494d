import { concerned } from './alarm-bands.ts';
import { buildUp } from './alarm-table.ts';
import { causeLabels } from '../../core/alarms/finding.ts';
import { channelsText, rarity } from '../alarm-text.ts';
import { channelLane, rarityLane } from './detect-lanes.ts';
import { stacked } from './lane.ts';
import { momentOf } from './moment.ts';
import type { ReportContent } from './report-content.ts';
import { escaped } from './report-page.ts';
import { timeTicks } from './time-ticks.ts';

export const closeUpStyle = `
.close-ups { --height: 6rem; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); }
.close-ups > :target { border-color: var(--alarm); box-shadow: 0 0 0 1px var(--alarm); } .close-ups section { scroll-margin: 1rem; }`;

/** The fewest frames that are shown before the first sign of an alarm, and after it was raised. */
const around = 150;
/** The most channels that are shown of an alarm. */
const mostChannels = 4;

/** The `i`-th alarm: what its channels and the score did before and after it. */
export function alarmCloseUp(content: ReportContent, i: number): string {
  const { alarms, labels, rate, trace } = content;
  const alarm = alarms[i];
  const margin = Math.max(around, alarm.index - alarm.since);
  const whole = trace.span;
  const span = { from: Math.max(whole.from, alarm.since - margin), to: Math.min(whole.to, alarm.index + 1 + margin) };
  const channels = concerned(alarm);
  const lanes = channels.slice(0, mostChannels).map((c) => channelLane(content, c, span));
  const words = [channelsText(alarm, labels), rarity(alarm.score, rate), buildUp(alarm, rate)].filter((part) => part);
  return `<section class="card" id="alarm-${i + 1}"><h3>${i + 1}. ${escaped(momentOf(alarm.time, rate, trace.dated))}: ${causeLabels[alarm.cause]}</h3>
<p class="muted">${escaped(words.join(' · '))} · <a href="#alarms">all alarms</a></p>
${stacked([...lanes, rarityLane(content, span)], timeTicks(trace.timeOf(span.from), trace.timeOf(span.to), trace.dated))}</section>`;
}
