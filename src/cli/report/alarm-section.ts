import { causeLabels } from '../../core/alarms/finding.ts';
import type { Alarm } from '../../core/detector/detector.ts';
import { affectedChannels, channelsText, rarity } from '../alarm-text.ts';
import { duration } from '../amounts.ts';
import { momentText, timeTicks } from './axis.ts';
import { channelLane, rarityLane } from './detect-lanes.ts';
import { percent, stacked } from './plot.ts';
import type { ReportContent } from './report-content.ts';
import { escaped } from './report-page.ts';

export const alarmSectionStyle = `
.marks { position: relative; height: 1.5rem; }
.marks a { position: absolute; bottom: 0; transform: translateX(-50%); color: var(--alarm); font-size: 11px; line-height: 1; text-align: center; text-decoration: none; }
.marks a::after { content: '▼'; content: '▼' / ''; display: block; font-size: 9px; }
@media (max-width: 44rem) { .marks a { font-size: 0; } }
.alarms { margin-top: 1rem; } table { border-collapse: collapse; width: 100%; } td, th { padding: .4rem 1.6rem .4rem 0; text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: normal; font-size: .85em; } tbody tr { border-top: 1px solid var(--edge); } td span { white-space: nowrap; } td small { display: block; } td:nth-child(3) small { overflow-wrap: anywhere; } tbody tr:last-child td { padding-bottom: 0; }
@media (max-width: 44rem) { td, th { padding-right: .7rem; } }
.close-ups { --height: 6rem; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); }
.close-ups > :target { border-color: var(--alarm); box-shadow: 0 0 0 1px var(--alarm); } .close-ups section { scroll-margin: 1rem; }`;

/** Maximum number of alarms with a close-up. */
const maxCloseUps = 48;
/** Minimum number of frames in a close-up before the first sign of an alarm, and after the alarm. */
const minMargin = 150;
/** Maximum number of channels in a close-up. */
const maxChannels = 4;

/** A table with one alarm per row: number, time, cause, and rarity. */
export function alarmTable({ alarms, labels, rate, trace }: ReportContent): string {
  if (alarms.length === 0) return '';
  const rows = alarms.map((alarm, i) => {
    const cells = [
      alarmLink(i),
      momentText(alarm.time, rate, trace.dated).replace(/\S+/g, '<span>$&</span>'),
      `<strong>${causeLabels[alarm.cause]}</strong><small>${escaped(channelsText(alarm, labels))}</small>`,
      `${rarity(alarm.score, rate)}<small>${buildUp(alarm, rate)}</small>`,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['', 'Time', 'Alarm', 'Rarity'].map((head) => `<th scope="col">${head}</th>`).join('');
  return `<div class="card alarms"><table id="alarms"><thead><tr>${heads}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

/** The numbers of the alarms, in a line above plots of the whole recording. */
export function alarmMarks({ alarms, trace: { span } }: ReportContent): string {
  const marks = alarms
    .slice(0, maxCloseUps)
    .map(({ index }, i) => alarmLink(i, `left:${percent((index - span.from) / (span.to - span.from))}`));
  return `<div class="lane"><div class="marks">${marks.join('')}</div></div>`;
}

/** A section with a close-up of each alarm; '' if there are no alarms. */
export function alarmCloseUps(content: ReportContent): string {
  const closeUps = content.alarms.slice(0, maxCloseUps).map((_, i) => closeUp(content, i));
  return closeUps.length > 0 ? `<h2>Alarm details</h2>\n<div class="close-ups">${closeUps.join('\n')}</div>` : '';
}

/** A close-up of the `i`-th alarm: its channels and the score before and after it. */
function closeUp(content: ReportContent, i: number): string {
  const { alarms, labels, rate, trace } = content;
  const alarm = alarms[i];
  const margin = Math.max(minMargin, alarm.index - alarm.since);
  const whole = trace.span;
  const span = { from: Math.max(whole.from, alarm.since - margin), to: Math.min(whole.to, alarm.index + 1 + margin) };
  const channels = affectedChannels(alarm).slice(0, maxChannels);
  const lanes = channels.map(({ channel }) => channelLane(content, channel, span));
  const facts = [channelsText(alarm, labels), rarity(alarm.score, rate), buildUp(alarm, rate)].filter((part) => part);
  return `<section class="card" id="alarm-${i + 1}"><h3>${i + 1}. ${escaped(momentText(alarm.time, rate, trace.dated))}: ${causeLabels[alarm.cause]}</h3>
<p class="muted">${escaped(facts.join(' · '))} · <a href="#alarms">All alarms</a></p>
${stacked([...lanes, rarityLane(content, span)], timeTicks(trace.timeOf(span.from), trace.timeOf(span.to), trace.dated))}</section>`;
}

/** The number of the `i`-th alarm, counted from 0, as a link to its close-up. */
function alarmLink(i: number, style = ''): string {
  const number = i + 1;
  return i < maxCloseUps ? `<a href="#alarm-${number}"${style && ` style="${style}"`}>${number}</a>` : `${number}`;
}

/** The time from the first sign of an alarm to the alarm. */
function buildUp({ index, since }: Alarm, rate: number): string {
  return index === since ? '' : `built up over ${duration((index - since) / rate)}`;
}
