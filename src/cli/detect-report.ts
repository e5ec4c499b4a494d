import { basename } from 'node:path';
import type { Alarm } from '../core/detector/detector.ts';
import { causeNames, channelsText, duration, rarity } from './alarm-text.ts';
import type { Lane, ReportTrace } from './report-trace.ts';

/** What a report tells of. */
export interface ReportContent {
  readonly input: string;
  readonly labels: readonly string[];
  readonly rate: number;
  readonly falseAlarms: string;
  readonly alarms: readonly Alarm[];
  readonly trace: ReportTrace;
}

const width = 1200;
const height = 80;

const style = `
:root { color-scheme: light dark; --line: #2563eb; --score: #7c3aed; --alarm: #dc2626; --soft: #8884; }
@media (prefers-color-scheme: dark) { :root { --line: #7aa2ff; --score: #b794f6; --alarm: #ff6b6b; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
svg { width: 100%; height: 5rem; display: block; border-bottom: 1px solid var(--soft); }
h2 { font-size: 1rem; margin: 1rem 0 0; } h2 small { font-weight: normal; opacity: 0.7; }
.signal { fill: none; stroke: var(--line); } .score { fill: none; stroke: var(--score); }
.alarm { stroke: var(--alarm); stroke-width: 2; opacity: 0.8; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: 0.2rem 1rem 0.2rem 0; text-align: left; vertical-align: top; }
tbody tr { border-top: 1px solid var(--soft); }`;

/** A page of its own: signal, score and alarms, drawn as inline SVG; it loads nothing. */
export function detectReport(content: ReportContent): string {
  const { labels, rate, falseAlarms, alarms, trace } = content;
  const name = escape(basename(content.input));
  const marks = alarms.map((alarm) => mark(alarm, content)).join('');
  const lanes = labels.map((label, c) => drawing(label, range(trace.lanes[c]), trace.lanes[c], 'signal', marks));
  const score = drawing('score', 'log10 of the mean frames between', trace.score, 'score', marks);
  const first = trace.times[0];
  const frames = rate >= 1 ? `${Number(rate.toPrecision(4))} Hz` : `a frame in ${duration(1 / rate)}`;
  const rows = alarms.map((alarm) => {
    const cells = [
      iso(alarm.time),
      causeNames[alarm.cause],
      channelsText(alarm, labels),
      rarity(alarm.score, rate),
      rate > 0
        ? `${duration((alarm.index - alarm.since) / rate)} before`
        : `${alarm.index - alarm.since} frames before`,
    ];
    return `<tr>${cells.map((cell) => `<td>${escape(cell)}</td>`).join('')}</tr>`;
  });
  const heads = ['time', 'what', 'channels', 'how rare', 'began'].map((head) => `<th>${head}</th>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${name}: ${alarms.length} alarms</title><style>${style}</style></head><body>
<h1>${name}</h1>
<p>${alarms.length} alarms, at ${escape(falseAlarms)} false ones. From ${iso(first)}, ${frames}.</p>
${lanes.join('')}${score}
<table><thead><tr>${heads}</tr></thead><tbody>${rows.join('\n')}</tbody></table>
</body></html>
`;
}

function drawing(label: string, note: string, lane: Lane, kind: string, marks: string): string {
  const view = `viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${escape(label)}"`;
  const path = `<path class="${kind}" vector-effect="non-scaling-stroke" d="${outline(lane)}"/>`;
  return `<h2>${escape(label)} <small>${escape(note)}</small></h2><svg ${view}>${path}${marks}</svg>\n`;
}

/** A stroke from the lowest to the highest sample of each column, joined where columns follow each other. */
function outline({ low, high }: Lane): string {
  const [least, most] = extremes({ low, high });
  const y = (x: number) => (height - 4 - ((x - least) / (most - least || 1)) * (height - 8)).toFixed(1);
  let path = '';
  let drawing = false;
  for (let i = 0; i < low.length; i++) {
    if (Number.isNaN(low[i])) drawing = false;
    else {
      path += `${drawing ? 'L' : 'M'}${i} ${y(high[i])}L${i} ${y(low[i])}`;
      drawing = true;
    }
  }
  return path;
}

function mark(alarm: Alarm, { labels, rate, trace }: ReportContent): string {
  const x = (trace.place(alarm.time) * width).toFixed(1);
  const what = [causeNames[alarm.cause], channelsText(alarm, labels), rarity(alarm.score, rate)];
  const text = `${iso(alarm.time)}: ${what.filter((part) => part !== '').join(', ')}`;
  const line = `<line class="alarm" vector-effect="non-scaling-stroke" x1="${x}" x2="${x}" y1="0" y2="${height}">`;
  return `${line}<title>${escape(text)}</title></line>`;
}

function range(lane: Lane): string {
  const [least, most] = extremes(lane);
  return least <= most ? `${Number(least.toPrecision(4))} to ${Number(most.toPrecision(4))}` : 'no samples';
}

function extremes({ low, high }: Lane): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const x of low) if (x < least) least = x;
  for (const x of high) if (x > most) most = x;
  return [least, most];
}

function iso(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().replace('T', ' ').replace('.000Z', '') : '';
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}
