import { counted } from '../amounts.ts';
import { textTable } from '../text-table.ts';
import type { Backtest } from './backtest-result.ts';
import {
  alarmRows,
  conclusion,
  marksText,
  notesOf,
  numbersTable,
  ratesTable,
  scope,
  scoresTable,
  sides,
} from './backtest-tables.ts';
import { matchingRule } from './compare-alarms.ts';
import type { StreamAlarm } from './stream-alarms.ts';

/** Maximum number of alarms that are listed. */
const maxListed = 50;

/** The result of a backtest as text for a terminal. */
export function backtestText(backtest: Backtest): string {
  const { streams } = backtest;
  const alarms = (pick: (stream: Backtest['streams'][number]) => readonly StreamAlarm[]) =>
    streams.flatMap(pick).sort((a, b) => a.raised - b.raised);
  const scores = scoresTable(backtest);
  const marks = streams.flatMap((stream) => {
    const text = marksText(stream);
    return text === undefined ? [] : [`${stream.stream}: ${text}\n`];
  });
  return [
    `Backtest of ${scope(backtest)}\n${sides(backtest).join('\n')}\n`,
    `${conclusion(backtest)}\n`,
    textTable(numbersTable(backtest)),
    textTable(ratesTable(backtest)),
    listed(
      'Gained',
      alarms(({ gained }) => gained),
    ),
    listed(
      'Lost',
      alarms(({ lost }) => lost),
    ),
    ...(marks.length > 0 ? [`Events\n${marks.join('')}`] : []),
    ...(scores.length > 1 ? [`Scores at the end, over all predictions of the run\n${textTable(scores)}`] : []),
    `Notes\n${[matchingRule, ...notesOf(backtest)].map((note) => `- ${note}\n`).join('')}`,
  ].join('\n');
}

function listed(title: string, alarms: readonly StreamAlarm[]): string {
  if (alarms.length === 0) return `${title}: none\n`;
  const more = alarms.length - maxListed;
  const table = textTable(alarmRows(alarms.slice(0, maxListed)), 'left');
  return `${title}: ${counted(alarms.length, 'alarm')}\n${table}${more > 0 ? `and ${more} more; --json lists all\n` : ''}`;
}
