import { basename } from 'node:path';
import { concerned, channelLane, detectLanesStyle, rarityLane } from './detect-lanes.ts';
import {
  alarmCloseUp,
  closeUpStyle,
  mostCloseUps,
  alarmMarks,
  alarmMarksStyle,
  alarmTable,
  alarmTableStyle,
} from './alarm-section.ts';

import { duration } from '../amounts.ts';

import { laneStyle, stacked } from './plot.ts';
import { momentOf, timeTicks } from './axis.ts';
import type { ReportContent } from './report-content.ts';
import { escaped, reportPage } from './report-page.ts';

/** The most channels that are shown without being asked for. */
const mostShown = 6;

/** A page of its own: the alarms, the whole recording, and each alarm from near, drawn as inline SVG; it loads nothing. */
export function detectReport(content: ReportContent): string {
  const { input, alarms } = content;
  const name = escaped(basename(input));
  const near = alarms.slice(0, mostCloseUps).map((_, i) => alarmCloseUp(content, i));
  return reportPage({
    title: `${name}: ${counted(alarms.length, 'alarm')}`,
    style: laneStyle + detectLanesStyle + alarmMarksStyle + alarmTableStyle + closeUpStyle,
    body: `<h1>${name}</h1>
${summary(content)}
${alarmTable(content)}
<h2>The whole recording</h2>
${overview(content)}
${near.length > 0 ? `<h2>Each alarm from near</h2>\n<div class="close-ups">${near.join('\n')}</div>` : ''}`,
  });
}

function summary({ labels, rate, falseAlarms, alarms, trace }: ReportContent): string {
  const { from, to } = trace.span;
  const found = alarms.length === 0 ? 'Nothing out of the ordinary' : counted(alarms.length, 'alarm');
  const frames = rate >= 1 ? `${Number(rate.toPrecision(4))} frames a second` : `a frame every ${duration(1 / rate)}`;
  const times = [from, to - 1].map((index) => momentOf(trace.timeOf(index), rate, trace.dated));
  const wanted = falseAlarms.replace('/', ' per ');
  return `<p class="lead">${found} in ${duration((to - from) / rate)}</p>
<p class="muted">${counted(labels.length, 'channel')}, ${frames}, ${times.join(' to ')}${trace.dated ? ' (UTC)' : ' since the start'}. False alarms put up with: ${escaped(wanted)}.</p>`;
}

/** All channels and the score over the whole recording; of many channels the least concerned are folded. */
function overview(content: ReportContent): string {
  const { labels, alarms, trace } = content;
  const parts = alarms.map(concerned);
  const count = labels.map((_, c) => parts.filter((channels) => channels.includes(c)).length);
  const order = [...labels.keys()].sort((a, b) => count[b] - count[a]);
  const drawn = (channels: readonly number[]) => channels.map((c) => channelLane(content, c, trace.span));
  const ticks = timeTicks(trace.timeOf(trace.span.from), trace.timeOf(trace.span.to), trace.dated);
  const shown = stacked([...drawn(order.slice(0, mostShown)), rarityLane(content, trace.span)], ticks);
  const rest = order.slice(mostShown);
  const folded =
    rest.length > 0
      ? `<details><summary>${counted(rest.length, 'more channel')}</summary>${stacked(drawn(rest), ticks)}</details>`
      : '';
  return `<div class="card">${alarmMarks(content)}${shown}${folded}</div>`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
