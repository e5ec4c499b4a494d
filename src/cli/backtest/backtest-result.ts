import type { AlarmComparison } from './compare-alarms.ts';
import type { LearnerScore } from './learner-scores.ts';
import type { ReadAmounts } from './span-events.ts';
import type { StreamAlarm } from './stream-alarms.ts';

/** Alarms of a stream in numbers. */
export interface AlarmNumbers {
  readonly alarms: number;
  /** Alarms per day of recorded frames; NaN if their duration is unknown. */
  readonly perDay: number;
  /** Share of the recorded time in which an alarm was open, 0 … 1; NaN if it is unknown. */
  readonly share: number;
}

/** An event (annotation) in the span. */
export interface BacktestMark {
  /** ms since 1970. */
  readonly time: number;
  readonly label: string;
}

/** Scores of a learner with the settings before and after; undefined: it does not exist with these settings. */
export interface ComparedLearner {
  readonly name: string;
  readonly before: LearnerScore | undefined;
  readonly after: LearnerScore | undefined;
}

/** The result for a stream. */
export interface StreamBacktest extends AlarmComparison {
  readonly stream: string;
  /** Number of channels, and sampling rate in Hz (0 = irregular), of the newest run. */
  readonly channels: number;
  readonly rate: number;
  readonly amounts: ReadAmounts;
  /** Alarms that the server recorded. */
  readonly recorded: readonly StreamAlarm[];
  /** Number of recorded alarms that match one of the replay with the settings before. */
  readonly reproduced: number;
  /** Alarms of the two sides that are compared. */
  readonly numbers: { readonly before: AlarmNumbers; readonly after: AlarmNumbers };
  readonly learners: readonly ComparedLearner[];
  readonly marks: readonly BacktestMark[];
  /** Number of these events during an alarm of each side. */
  readonly covered: { readonly before: number; readonly after: number };
  /** Whether the stream was recorded with the settings that are replayed first; undefined: the settings are not recorded. */
  readonly isSameSettings: boolean | undefined;
  readonly notes: readonly string[];
}

/** The result of a backtest. Times in ms since 1970. */
export interface Backtest {
  /** Times of the span. */
  readonly from: number;
  readonly to: number;
  /** What is compared, in words. */
  readonly before: string;
  readonly after: string;
  /** Whether the first side consists of the alarms that the server recorded, rather than those of a replay. */
  readonly isAgainstRecorded: boolean;
  readonly streams: readonly StreamBacktest[];
}

/** Sums over all streams. */
export function totals({
  streams,
}: Backtest): Record<'recorded' | 'before' | 'after' | 'kept' | 'gained' | 'lost', number> {
  const sum = (count: (stream: StreamBacktest) => number) => streams.reduce((all, stream) => all + count(stream), 0);
  return {
    recorded: sum(({ recorded }) => recorded.length),
    before: sum(({ numbers }) => numbers.before.alarms),
    after: sum(({ numbers }) => numbers.after.alarms),
    kept: sum(({ kept }) => kept.length),
    gained: sum(({ gained }) => gained.length),
    lost: sum(({ lost }) => lost.length),
  };
}

/** Time around an alarm in which an event counts as covered, in ms. */
const markReach = 10_000;
const day = 86_400_000;

/**
 * Counts alarms.
 * @param time duration of the recorded frames in ms; 0: unknown
 * @param end time at which open alarms end, in ms since 1970
 */
export function alarmNumbers(alarms: readonly StreamAlarm[], time: number, end: number): AlarmNumbers {
  const spans = alarms.map(({ raised, cleared = end }) => [raised, Math.min(end, cleared)] as const);
  let [open, until] = [0, -Infinity];
  for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
    open += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return {
    alarms: alarms.length,
    perDay: time > 0 ? (alarms.length * day) / time : NaN,
    share: time > 0 ? Math.min(1, open / time) : NaN,
  };
}

/** Number of events during an alarm, or at most 10 s before it is raised or after it is cleared. */
export function coveredMarks(marks: readonly BacktestMark[], alarms: readonly StreamAlarm[]): number {
  const isNear =
    (time: number) =>
    ({ raised, cleared = Infinity }: StreamAlarm) =>
      time >= raised - markReach && time <= cleared + markReach;
  return marks.filter(({ time }) => alarms.some(isNear(time))).length;
}
