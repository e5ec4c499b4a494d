import { basename } from 'node:path';
import { affectedChannels } from '../alarm-text.ts';
import { counted, duration } from '../amounts.ts';
import { alarmCloseUps, alarmMarks, alarmSectionStyle, alarmTable } from './alarm-section.ts';
import { momentText, timeTicks } from './axis.ts';
import { channelLane, detectLanesStyle, rarityLane } from './detect-lanes.ts';
import { laneStyle, stacked } from './plot.ts';
import type { ReportContent } from './report-content.ts';
import { escaped, reportPage } from './report-page.ts';

/** Channels beyond this number are folded. */
const maxOpenChannels = 6;

/** A self-contained HTML page: the alarms, the whole recording, and a close-up of each alarm, drawn as inline SVG. */
export function detectReport(content: ReportContent): string {
  const { input, alarms } = content;
  const name = escaped(basename(input));
  return reportPage({
    title: `${name}: ${counted(alarms.length, 'alarm')}`,
    style: laneStyle + detectLanesStyle + alarmSectionStyle,
    body: `<h1>${name}</h1>
${summary(content)}
${alarmTable(content)}
<h2>Whole recording</h2>
${overview(content)}
${alarmCloseUps(content)}`,
  });
}

function summary({ labels, rate, falseAlarms, alarms, trace }: ReportContent): string {
  const { from, to } = trace.span;
  const found = alarms.length === 0 ? 'No anomalies' : counted(alarms.length, 'alarm');
  const sampling = rate >= 1 ? `${Number(rate.toPrecision(4))} Hz` : `one frame every ${duration(1 / rate)}`;
  const times = [from, to - 1].map((index) => momentText(trace.timeOf(index), rate, trace.dated));
  const accepted = falseAlarms.replace('/', ' per ');
  return `<p class="lead">${found} in ${duration((to - from) / rate)}</p>
<p class="muted">${counted(labels.length, 'channel')}, ${sampling}, ${times.join(' to ')}${trace.dated ? ' (UTC)' : ' since the start'}. Accepted false-alarm rate: ${escaped(accepted)}.</p>`;
}

/** All channels and the score over the whole recording. Channels with the fewest alarms are folded if there are many. */
function overview(content: ReportContent): string {
  const { labels, alarms, trace } = content;
  const affected = alarms.map((alarm) => affectedChannels(alarm).map(({ channel }) => channel));
  const count = labels.map((_, c) => affected.filter((channels) => channels.includes(c)).length);
  const order = [...labels.keys()].sort((a, b) => count[b] - count[a]);
  const lanes = (channels: readonly number[]) => channels.map((c) => channelLane(content, c, trace.span));
  const ticks = timeTicks(trace.timeOf(trace.span.from), trace.timeOf(trace.span.to), trace.dated);
  const open = stacked([...lanes(order.slice(0, maxOpenChannels)), rarityLane(content, trace.span)], ticks);
  const rest = order.slice(maxOpenChannels);
  const folded =
    rest.length > 0
      ? `<details><summary>${counted(rest.length, 'more channel')}</summary>${stacked(lanes(rest), ticks)}</details>`
      : '';
  return `<div class="card">${alarmMarks(content)}${open}${folded}</div>`;
}
