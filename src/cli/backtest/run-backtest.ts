import { join } from 'node:path';
import { ReadOnlyRecording } from '../../store/read-only-recording.ts';
import type { RunEvent } from '../../store/recorded-event.ts';
import { numberOf } from '../stored-stream.ts';
import { alarmNumbers, type Backtest, coveredMarks, type StreamBacktest } from './backtest-result.ts';
import { compareAlarms } from './compare-alarms.ts';
import { ReadStream } from './read-stream.ts';
import { ReplaySide } from './replay-side.ts';
import type { NamedSettings } from './settings-file.ts';
import { type BacktestSpan, merged, type SpanEvent, spanEvents } from './span-events.ts';
import { AlarmCollection, type StreamAlarm } from './stream-alarms.ts';

/** What is replayed. */
export interface BacktestPlan {
  /** State directory of the server. */
  readonly state: string;
  readonly streams: readonly string[];
  readonly span: BacktestSpan;
  readonly baseline: NamedSettings;
  /** The settings to compare with; undefined: the recorded alarms are compared with those of the baseline. */
  readonly config: NamedSettings | undefined;
}

/**
 * Replays recordings with given settings, and compares alarms and scores. All streams are read at once, in the order of their
 * times, because alarms of several streams that begin together are one alarm.
 *
 * @param progress called with the time that was reached, in ms since 1970
 */
export async function runBacktest(
  { state, streams, span, baseline, config }: BacktestPlan,
  progress: (now: number) => void = () => {},
): Promise<Backtest> {
  const recordings = new Recordings(join(state, 'recordings'));
  const read = new Map(streams.map((stream) => [stream, new ReadStream()]));
  const recorded = new AlarmCollection();
  const sides: ReplaySide[] = [];
  try {
    for (const settings of config ? [baseline, config] : [baseline])
      sides.push(
        await ReplaySide.open(
          settings,
          state,
          (stream) => read.get(stream),
          (stream, run) => recordings.describe(stream, run),
        ),
      );
    const sources = new Map<string, AsyncGenerator<SpanEvent, void>>();
    for (const [stream, { amounts }] of read)
      sources.set(stream, spanEvents(await recordings.of(stream), span, amounts));
    for await (const each of merged(sources)) {
      const { name, event, run, now, isInSpan } = each;
      const stream = read.get(name)!;
      stream.add(each);
      if (now > -Infinity) progress(now);
      if (event.type === 'alarm') {
        recorded.add(event.event, name, isInSpan, run.rate, (frames) => stream.hasRead(frames));
        if (event.event.step === 'falseAlarm')
          for (const side of sides) side.dismiss(event.event.alarm, name, run.rate);
        continue;
      }
      for (const side of sides) await side.replay(name, event, now);
      if (event.type === 'block') stream.compareSettings(sides[0].settingsOf(name));
    }
    for (const side of sides) side.finish();
    return resultOf(read, recorded, sides);
  } finally {
    for (const side of sides) await side.close();
  }
}

/** The recordings of a directory, each of which is opened once. */
class Recordings {
  readonly #directory: string;
  readonly #opened = new Map<string, Promise<ReadOnlyRecording>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  of(stream: string): Promise<ReadOnlyRecording> {
    const opened = this.#opened.get(stream) ?? ReadOnlyRecording.open(join(this.#directory, stream));
    this.#opened.set(stream, opened);
    return opened;
  }

  /** The description of a run by its number; undefined if it is not recorded. */
  async describe(stream: string, run: number): Promise<RunEvent | undefined> {
    const recording = await this.of(stream).catch(() => undefined);
    return recording?.runs.find(({ event }) => numberOf(event) === run)?.event;
  }
}

function resultOf(
  read: ReadonlyMap<string, ReadStream>,
  recorded: AlarmCollection,
  [first, second]: readonly ReplaySide[],
): Backtest {
  const last = second ?? first;
  const before = second ? first : undefined;
  const amounts = [...read.values()].map((stream) => stream.amounts);
  return {
    from: Math.min(...amounts.map((each) => each.first ?? Infinity)),
    to: Math.max(...amounts.map((each) => each.last ?? -Infinity)),
    before: before ? `replayed with ${before.name}` : 'as recorded by the server',
    after: `replayed with ${last.name}`,
    isAgainstRecorded: before === undefined,
    streams: [...read].map(([stream, each]): StreamBacktest => {
      const alarmsOf = ({ raised }: AlarmCollection): StreamAlarm[] =>
        raised.filter((alarm) => alarm.stream === stream);
      const own = alarmsOf(recorded);
      const old = before ? alarmsOf(before.alarms) : own;
      const young = alarmsOf(last.alarms);
      const scores = { before: before?.scores.of(stream), after: last.scores.of(stream) };
      const names = new Set([...(scores.before?.keys() ?? []), ...scores.after.keys()]);
      const problems = [first, ...(second ? [second] : [])].flatMap(({ name, problems: all }) =>
        (all.get(stream) ?? []).map((sentence) => `with ${name}: ${sentence}`),
      );
      const unwatched = last.unwatched(stream);
      return {
        stream,
        channels: each.run?.channels.length ?? 0,
        rate: each.run?.rate ?? 0,
        amounts: each.amounts,
        recorded: own,
        reproduced: compareAlarms(own, alarmsOf(first.alarms)).kept.length,
        ...compareAlarms(old, young),
        numbers: {
          before: alarmNumbers(old, each.amounts.time, each.now),
          after: alarmNumbers(young, each.amounts.time, each.now),
        },
        learners: [...names].map((name) => ({
          name,
          before: scores.before?.get(name),
          after: scores.after.get(name),
        })),
        marks: each.marks,
        covered: { before: coveredMarks(each.marks, old), after: coveredMarks(each.marks, young) },
        isSameSettings: each.isSameSettings,
        notes: [...each.notes, ...(unwatched === undefined ? [] : [unwatched]), ...problems],
      };
    }),
  };
}
