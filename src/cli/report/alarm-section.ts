import { causeWords } from '../../core/alarms/cause-words.ts';
import { channelsText, rarity } from '../alarm-text.ts';
import { duration } from '../amounts.ts';
import { momentOf, timeTicks } from './axis.ts';
import { channelLane, concerned, rarityLane } from './detect-lanes.ts';
import { percent, stacked } from './plot.ts';
import type { ReportContent } from './report-content.ts';
import { escaped } from './report-page.ts';

export const alarmTableStyle = `
.alarms { margin-top: 1rem; } table { border-collapse: collapse; width: 100%; } td, th { padding: .4rem 1.6rem .4rem 0; text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: normal; font-size: .85em; } tbody tr { border-top: 1px solid var(--edge); } td span { white-space: nowrap; } td small { display: block; } td:nth-child(3) small { overflow-wrap: anywhere; } tbody tr:last-child td { padding-bottom: 0; }
@media (max-width: 44rem) { td, th { padding-right: .7rem; } }`;

/** Every alarm in a line: when, what, how rare. */
export function alarmTable({ alarms, labels, rate, trace }: ReportContent): string {
  if (alarms.length === 0) return '';
  const rows = alarms.map((alarm, i) => {
    const cells = [
      alarmLink(i),
      momentOf(alarm.time, rate, trace.dated).replace(/\S+/g, '<span>$&</span>'),
      `<strong>${causeWords[alarm.cause]}</strong><small>${escaped(channelsText(alarm, labels))}</small>`,
      `${rarity(alarm.score, rate)}<small>${buildUp(alarm, rate)}</small>`,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['', 'when', 'what', 'how rare'].map((head) => `<th scope="col">${head}</th>`).join('');
  return `<div class="card alarms"><table id="alarms"><thead><tr>${heads}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

/** How long it took from the first sign to the alarm. */
export function buildUp({ index, since }: { index: number; since: number }, rate: number): string {
  return index === since ? '' : `built up over ${duration((index - since) / rate)}`;
}

export const alarmMarksStyle = `
.marks { position: relative; height: 1.5rem; }
.marks a { position: absolute; bottom: 0; transform: translateX(-50%); color: var(--alarm); font-size: 11px; line-height: 1; text-align: center; text-decoration: none; }
.marks a::after { content: '▼'; content: '▼' / ''; display: block; font-size: 9px; }
@media (max-width: 44rem) { .marks a { font-size: 0; } }`;

/** The numbers of the alarms, in a line above plots of the whole recording. */
export function alarmMarks({ alarms, trace: { span } }: ReportContent): string {
  const marks = alarms
    .slice(0, mostCloseUps)
    .map(({ index }, i) => alarmLink(i, `left:${percent((index - span.from) / (span.to - span.from))}`));
  return `<div class="lane"><div class="marks">${marks.join('')}</div></div>`;
}

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
  return `<section class="card" id="alarm-${i + 1}"><h3>${i + 1}. ${escaped(momentOf(alarm.time, rate, trace.dated))}: ${causeWords[alarm.cause]}</h3>
<p class="muted">${escaped(words.join(' · '))} · <a href="#alarms">all alarms</a></p>
${stacked([...lanes, rarityLane(content, span)], timeTicks(trace.timeOf(span.from), trace.timeOf(span.to), trace.dated))}</section>`;
}

/** The most alarms that are shown from near. */
export const mostCloseUps = 48;

/** The number of the `i`-th alarm from 0, which leads to where it is shown from near. */
export function alarmLink(i: number, style = ''): string {
  const number = i + 1;
  return i < mostCloseUps ? `<a href="#alarm-${number}"${style && ` style="${style}"`}>${number}</a>` : `${number}`;
}
