import { affectedChannels, causeLabels, isPersistent } from '../../core/alarms/finding.ts';
import { rarity } from '../alarm-text.ts';
import { counted, duration } from '../amounts.ts';
import { type AlarmNumbers, type Backtest, type StreamBacktest, totals } from './backtest-result.ts';
import type { LearnerScore } from './learner-scores.ts';
import type { StreamAlarm } from './stream-alarms.ts';

/** A table: the first row is the header. */
export type Rows = readonly (readonly string[])[];

/** What is compared, one sentence per side. */
export function sides({ before, after }: Backtest): readonly string[] {
  return [`Before: ${before}.`, `After: ${after}.`];
}

/** The time span and the number of streams. */
export function scope({ streams, from, to }: Backtest): string {
  return `${counted(streams.length, 'stream')} from ${moment(from)} to ${moment(to)} (UTC)`;
}

/** The result in one line. */
export function conclusion(backtest: Backtest): string {
  const { gained, lost, kept } = totals(backtest);
  return `${counted(gained, 'alarm')} gained, ${lost} lost, ${kept} kept`;
}

/** The alarms in numbers, one row per stream, and their sum. */
export function numbersTable(backtest: Backtest): Rows {
  const { streams } = backtest;
  const sum = totals(backtest);
  const replayed = streams.reduce((count, { reproduced }) => count + reproduced, 0);
  const header = ['stream', 'time', 'warm-up', 'recorded', 'reproduced', 'before', 'after', 'kept', 'gained', 'lost'];
  const rows = streams.map(({ stream, amounts, recorded, reproduced, numbers, kept, gained, lost }) => [
    stream,
    amounts.time > 0 ? duration(amounts.time / 1000) : counted(amounts.frames, 'frame'),
    amounts.warmUpTime > 0
      ? duration(amounts.warmUpTime / 1000)
      : amounts.warmUp > 0
        ? counted(amounts.warmUp, 'frame')
        : 'none',
    ...[recorded.length, reproduced, numbers.before.alarms, numbers.after.alarms].map(String),
    ...[kept, gained, lost].map(({ length }) => String(length)),
  ]);
  const all = [sum.recorded, replayed, sum.before, sum.after, sum.kept, sum.gained, sum.lost].map(String);
  return [header, ...rows, ...(streams.length > 1 ? [['all streams', '', '', ...all]] : [])];
}

/** Alarms per day, and the share of time in which an alarm was open, one row per stream. */
export function ratesTable({ streams }: Backtest): Rows {
  const header = ['stream', 'alarms per day before', 'after', 'time with an open alarm before', 'after'];
  const cells = ({ perDay, share }: AlarmNumbers) => [
    Number.isNaN(perDay) ? '–' : String(Number(perDay.toPrecision(3))),
    Number.isNaN(share) ? '–' : `${Number((100 * share).toPrecision(3))}%`,
  ];
  return [
    header,
    ...streams.map(({ stream, numbers }) => {
      const [before, after] = [cells(numbers.before), cells(numbers.after)];
      return [stream, before[0], after[0], before[1], after[1]];
    }),
  ];
}

/** Scores of the learners at the end of the span. */
export function scoresTable({ streams }: Backtest): Rows {
  const header = ['stream', 'learner', 'nmse before', 'after', 'skill before', 'after', 'holdout nmse before', 'after'];
  const rows = streams.flatMap(({ stream, learners }) =>
    learners.map(({ name, before, after }) => [
      stream,
      name,
      ...both(before, after, ({ nmse }) => nmse),
      ...both(before, after, ({ skill }) => skill),
      ...both(before, after, ({ holdout }) => holdout.nmse),
    ]),
  );
  return [header, ...rows];
}

function both(
  before: LearnerScore | undefined,
  after: LearnerScore | undefined,
  read: (score: LearnerScore) => number | null,
): string[] {
  return [before, after].map((score) => {
    const number = score ? read(score) : null;
    return number === null ? '–' : String(Number(number.toPrecision(4)));
  });
}

/** One row per alarm: time, stream, cause, channels, rarity, and verdict. */
export function alarmRows(alarms: readonly StreamAlarm[]): string[][] {
  return alarms.map(({ stream, raised, cause, channels, score, scoreRate, falseAlarm }) => [
    moment(raised),
    stream,
    causeLabels[cause],
    channelsOf({ cause, channels }),
    rarityOf(score, scoreRate),
    falseAlarm ? 'marked as a false alarm' : '',
  ]);
}

/** The most affected channels; with their shares if they have not flatlined or drifted. */
function channelsOf({ cause, channels }: Pick<StreamAlarm, 'cause' | 'channels'>): string {
  const named = affectedChannels({ channels } as Parameters<typeof affectedChannels>[0]);
  if (isPersistent({ cause })) return named.join(', ');
  return channels
    .filter(({ label }) => named.includes(label))
    .map(({ label, share }) => `${label} ${Math.round(100 * share)}%`)
    .join(', ');
}

function rarityOf(score: number, rate: number): string {
  if (score === 0) return '';
  return rate > 0 ? rarity(score, rate) : `once in ${Math.round(10 ** score)} frames`;
}

/** Sentences on how far the result can be trusted, and what is not replayed. */
export function notesOf(backtest: Backtest): string[] {
  const { streams } = backtest;
  const others = streams.filter(({ isSameSettings }) => isSameSettings === false).map(({ stream }) => stream);
  const unsure = streams.filter(({ recorded, reproduced }) => reproduced < recorded.length);
  return [
    ...(others.length > 0
      ? [
          `${others.join(', ')}: recorded with other settings than those that are replayed first, so the replayed alarms can differ from the recorded ones. Set --baseline to the settings of the server.`,
        ]
      : []),
    ...(unsure.length > 0
      ? [
          `${unsure.map(({ stream }) => stream).join(', ')}: the first replay does not reproduce every recorded alarm. Possible reasons are state that the server learned before the recording, different settings, and actions of users.`,
        ]
      : []),
    ...streams.flatMap(({ stream, notes }) => notes.map((note) => `${stream}: ${note}.`)),
  ];
}

/** A time, to the second. */
export function moment(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().replace('T', ' ').slice(0, 19) : '–';
}

/** The events (annotations) of a stream that an alarm covers on each side, as a sentence; undefined without events. */
export function marksText({ marks, covered }: Pick<StreamBacktest, 'marks' | 'covered'>): string | undefined {
  if (marks.length === 0) return undefined;
  return `${counted(marks.length, 'event')}; during an alarm: ${covered.before} before, ${covered.after} after`;
}
