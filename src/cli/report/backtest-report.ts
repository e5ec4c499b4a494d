import { type Backtest, type StreamBacktest } from '../backtest/backtest-result.ts';
import {
  alarmRows,
  conclusion,
  marksText,
  notesOf,
  numbersTable,
  ratesTable,
  type Rows,
  scope,
  scoresTable,
  sides,
} from '../backtest/backtest-tables.ts';
import { matchingRule } from '../backtest/compare-alarms.ts';
import type { StreamAlarm } from '../backtest/stream-alarms.ts';
import { counted } from '../amounts.ts';
import { timeTicks } from './axis.ts';
import { type Lane, laneStyle, plotHeight, plotWidth, stacked } from './plot.ts';
import { escaped, reportPage } from './report-page.ts';
import { reportTable, reportTableStyle } from './report-table.ts';

/** Maximum number of alarms per list. */
const maxListed = 1000;
/** Maximum number of streams with a timeline. */
const maxTimelines = 200;

const style = `${laneStyle}${reportTableStyle}
.timeline { --height: 1.4rem; margin: .6rem 0; } .timeline h3 { margin-bottom: .4rem; }
.kept { fill: var(--other); } .gained { fill: var(--above); } .lost { fill: var(--below); } .events { fill: var(--muted); }
.plot path.kept, .plot path.gained, .plot path.lost, .plot path.events { fill-opacity: .85; }
.plot path.kept { fill: var(--other); } .plot path.gained { fill: var(--above); } .plot path.lost { fill: var(--below); } .plot path.events { fill: var(--muted); }
.text td, .text th { text-align: left; }`;

/** A self-contained HTML page: the numbers, a timeline per stream, the alarms that changed, and the scores. */
export function backtestReport(backtest: Backtest): string {
  const { streams } = backtest;
  const [gained, lost] = [streams.flatMap((stream) => stream.gained), streams.flatMap((stream) => stream.lost)];
  const scores = scoresTable(backtest);
  const [before, after] = sides(backtest);
  return reportPage({
    title: `Backtest: ${conclusion(backtest)}`,
    style,
    body: `<h1>Backtest</h1>
<p class="lead">${escaped(conclusion(backtest))}</p>
<p class="muted">${escaped(scope(backtest))}. ${escaped(before)} ${escaped(after)}</p>
${reportTable(numbersTable(backtest))}
${reportTable(ratesTable(backtest))}
<h2>Timelines</h2>
${timelines(backtest)}
<h2>Gained alarms</h2>
${alarmList(gained)}
<h2>Lost alarms</h2>
${alarmList(lost)}
${scores.length > 1 ? `<h2>Scores</h2>\n<p class="muted">At the end, over all predictions of the run. Lower nmse and higher skill are better.</p>\n${reportTable(scores)}` : ''}
<h2>Notes</h2>
<ul>${[matchingRule, ...notesOf(backtest)].map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`,
  });
}

/** Timelines of the streams with alarms or events. */
function timelines(backtest: Backtest): string {
  const shown = backtest.streams.filter(
    ({ kept, gained, lost, marks }) => kept.length + gained.length + lost.length + marks.length > 0,
  );
  if (shown.length === 0) return '<p>No alarms and no events.</p>';
  const more = shown.length - maxTimelines;
  return `${shown
    .slice(0, maxTimelines)
    .map((stream) => timeline(backtest, stream))
    .join('\n')}${more > 0 ? `<p>${counted(more, 'more stream')} without a timeline.</p>` : ''}`;
}

/** The kept, gained, and lost alarms of a stream over the time span, one lane each, and its events. */
function timeline({ from, to }: Backtest, stream: StreamBacktest): string {
  const { kept, gained, lost, marks } = stream;
  const lane = (name: string, kind: string, note: string, spans: readonly TimeSpan[]): Lane => ({
    name,
    note,
    y: [],
    drawing: `<path class="${kind}" d="${bands(spans, from, to)}"/>`,
  });
  const lanes = [
    lane(
      'Kept',
      'kept',
      counted(kept.length, 'alarm'),
      kept.map(({ after }) => spanOf(after)),
    ),
    lane('Gained', 'gained', counted(gained.length, 'alarm'), gained.map(spanOf)),
    lane('Lost', 'lost', counted(lost.length, 'alarm'), lost.map(spanOf)),
  ];
  const text = marksText(stream);
  if (text !== undefined)
    lanes.push(
      lane(
        'Events',
        'events',
        text,
        marks.map(({ time }) => ({ from: time, to: time })),
      ),
    );
  return `<section class="card timeline"><h3>${escaped(stream.stream)}</h3>
${stacked(lanes, timeTicks(from, to, true))}</section>`;
}

interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

function spanOf({ raised, cleared = Infinity }: StreamAlarm): TimeSpan {
  return { from: raised, to: cleared };
}

/** Number of columns that bands are drawn in, so that thousands of alarms make a short path. */
const columns = 300;

/** A path with a band for each time span. Bands in the same columns are joined. */
function bands(spans: readonly TimeSpan[], from: number, to: number): string {
  const isCovered = new Array<boolean>(columns).fill(false);
  const column = (time: number) =>
    Math.min(columns - 1, Math.max(0, Math.floor((columns * (time - from)) / Math.max(1, to - from))));
  for (const span of spans) isCovered.fill(true, column(span.from), column(Math.min(to, span.to)) + 1);
  const width = plotWidth / columns;
  const paths: string[] = [];
  for (let c = 0; c < columns; c++) {
    if (!isCovered[c]) continue;
    const first = c;
    while (c + 1 < columns && isCovered[c + 1]) c++;
    paths.push(`M${first * width} 0h${(c + 1 - first) * width}v${plotHeight}h-${(c + 1 - first) * width}z`);
  }
  return paths.join('');
}

function alarmList(alarms: readonly StreamAlarm[]): string {
  if (alarms.length === 0) return '<p>None.</p>';
  const sorted = alarms.toSorted((a, b) => a.raised - b.raised);
  const rows: Rows = [
    ['Time (UTC)', 'Stream', 'Cause', 'Channels', 'Rarity', 'Verdict'],
    ...alarmRows(sorted.slice(0, maxListed)),
  ];
  const more = alarms.length - maxListed;
  return `<div class="text">${reportTable(rows)}</div>${more > 0 ? `<p>and ${more} more</p>` : ''}`;
}
