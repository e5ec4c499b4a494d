import type { AlarmRecord } from '../../core/alarms/alarm-lifecycle.ts';
import { ReplayedServer } from '../../server/replayed-server.ts';
import type { Task } from '../../server/work-scheduler.ts';
import type { RecordedEvent, RunEvent } from '../../store/recorded-event.ts';
import { areNear } from './compare-alarms.ts';
import { LearnerScores } from './learner-scores.ts';
import type { NamedSettings } from './settings-file.ts';
import { AlarmCollection } from './stream-alarms.ts';

/** The newest event of a stream. */
export interface StreamProgress {
  /** Its run; undefined before the first one. */
  readonly run: RunEvent | undefined;
  /** Whether it is within the span. */
  readonly isInSpan: boolean;
}

/** A replay with given settings, and its alarms and scores. */
export class ReplaySide {
  /** Name of the settings. */
  readonly name: string;
  readonly alarms: AlarmCollection = new AlarmCollection();
  readonly scores: LearnerScores = new LearnerScores();
  /** Problems with these settings: sentences, by stream. */
  readonly problems: Map<string, string[]> = new Map<string, string[]>();
  #server: ReplayedServer | undefined;

  private constructor(name: string) {
    this.name = name;
  }

  /**
   * @param state state directory of the server
   * @param progressOf returns the newest event of a stream
   * @param describe returns the recorded description of a run of a stream, if there is one
   */
  static async open(
    settings: NamedSettings,
    state: string,
    progressOf: (stream: string) => StreamProgress | undefined,
    describe: (stream: string, run: number) => Promise<RunEvent | undefined>,
  ): Promise<ReplaySide> {
    const side = new ReplaySide(settings.name);
    const { alarms, scores, problems } = side;
    const listener: Parameters<typeof ReplayedServer.open>[1] = {
      alarm(event) {
        for (const { stream } of event.alarm.members) {
          const { isInSpan = false, run } = progressOf(stream) ?? {};
          alarms.add(event, stream, isInSpan, run?.rate ?? 0);
        }
      },
      score(stream, learner, score) {
        const { isInSpan, run } = progressOf(stream) ?? {};
        if (isInSpan && run) scores.add(stream, learner, run.run, score);
      },
      problem(stream, sentence) {
        problems.set(stream, [...(problems.get(stream) ?? []), sentence]);
      },
    };
    side.#server = await ReplayedServer.open(settings, listener, state, describe);
    return side;
  }

  /** Processes a recorded event; see `ReplayedServer.replay`. */
  async replay(stream: string, event: RecordedEvent, now: number): Promise<void> {
    await perform(this.#opened.replay(stream, event, now));
  }

  /** Marks the alarm that matches a recorded one as a false alarm, as the user did. */
  dismiss(recorded: AlarmRecord, stream: string, rate: number): void {
    const windowOf = ({ members }: AlarmRecord) => members.find((member) => member.stream === stream)?.window;
    const window = windowOf(recorded);
    const match = this.#opened.alarms.find((alarm) => {
      const own = windowOf(alarm);
      return alarm.kind === recorded.kind && own?.run === window?.run && own && window && areNear(own, window, rate);
    });
    if (match) this.#opened.dismiss(match.id);
  }

  settingsOf(stream: string): string | undefined {
    return this.#opened.settingsOf(stream);
  }

  unwatched(stream: string): string | undefined {
    return this.#opened.unwatched(stream);
  }

  /** Completes the alarms after the last event. */
  finish(): void {
    this.alarms.update(this.#opened.alarms);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  get #opened(): ReplayedServer {
    return this.#server!;
  }
}

/** Performs a task without pauses. */
async function perform(task: Task): Promise<void> {
  for (const step of task) if (typeof step !== 'number') await step;
}
