import { frameCount } from '../core/blocks/block.ts';
import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import { History } from '../store/history.ts';
import { openHistory } from '../store/open-history.ts';
import type { RecordedEvent, RunEvent } from '../store/recorded-event.ts';
import { AddedLearners } from './added-learners.ts';
import { AlarmService } from './alarm-service.ts';
import { DetectorBudget } from './detector-budget.ts';
import type { FeedOutput } from './feed-output.ts';
import { type FeedDesigner, type LearnerSpec, withPowerLine } from './feed-spec.ts';
import type { Feed } from './feed.ts';
import { LocalHost } from './pipeline-host.ts';
import { ReplayedStream } from './replayed-stream.ts';
import type { ServerAlarms } from './server-alarms.ts';
import type { Task } from './work-scheduler.ts';

/** The settings of a server on which its alarms and its learners depend, as in `ServerOptions`. */
export interface ReplaySettings {
  readonly feed: FeedDesigner;
  readonly learners: Readonly<Record<string, readonly LearnerSpec[]>>;
  /** Hz. */
  readonly powerLine: number;
  readonly alarms: Omit<ServerAlarms, 'log' | 'webhook'>;
}

/** Score of a learner, as it is sent to viewers. */
export type ReplayedScore = Extract<FeedOutput, { type: 'loss' }>;

/** Receives the results of a `ReplayedServer`. */
export interface ReplayListener {
  alarm(event: AlarmEvent): void;
  /** The score of a learner of a stream changed. */
  score(stream: string, learner: { readonly name: string; readonly task: string }, score: ReplayedScore): void;
  /** A component failed with these settings. Each sentence is passed once per stream. */
  problem(stream: string, sentence: string): void;
}

/** Maximum number of problems that are reported. */
const maxReported = 1000;

/** Interval of the timer of the alarms, in ms. */
const tickInterval = 1000;

/**
 * The pipelines and the alarms of a server, which process recorded events with given settings. There are no sockets, no clock,
 * and no files: the time is that of the recording, and nothing is saved.
 */
export class ReplayedServer {
  readonly #settings: ReplaySettings;
  readonly #listener: ReplayListener;
  readonly #alarmService: AlarmService;
  readonly #learners: AddedLearners;
  readonly #budget = new DetectorBudget();
  readonly #streams = new Map<string, ReplayedStream>();
  readonly #describe: (stream: string, run: number) => Promise<RunEvent | undefined>;
  /** Problems that were reported, by stream. */
  readonly #reported = new Set<string>();
  /** Time of the event that is being processed, and of the last tick, in ms since 1970. */
  #now = -Infinity;
  #ticked = -Infinity;
  /** Index of the frame after the block that is being processed. */
  #end = 0;

  private constructor(
    settings: ReplaySettings,
    listener: ReplayListener,
    alarmService: AlarmService,
    learners: AddedLearners,
    describe: (stream: string, run: number) => Promise<RunEvent | undefined>,
  ) {
    this.#settings = settings;
    this.#listener = listener;
    this.#alarmService = alarmService;
    this.#learners = learners;
    this.#describe = describe;
    alarmService.events.subscribe((event) => {
      listener.alarm(event);
    });
  }

  /**
   * @param directory state directory with the learners that viewers have added; nothing is written there
   * @param describe returns the recorded description of a run of a stream, if there is one
   */
  static async open(
    settings: ReplaySettings,
    listener: ReplayListener,
    directory: string | undefined,
    describe: (stream: string, run: number) => Promise<RunEvent | undefined>,
  ): Promise<ReplayedServer> {
    const log = () => {};
    const history = new History(await openHistory(undefined, log), log, { records: 10_000, bytes: 2 ** 24 });
    const alarmService = await AlarmService.open({ alarms: settings.alarms, history, log }, 0);
    const learners = new AddedLearners(settings.learners, settings.powerLine, directory, log);
    return new ReplayedServer(settings, listener, alarmService, learners, describe);
  }

  /**
   * Processes a recorded event of a stream. The events of a stream must be passed in order.
   * @param now time of the event in ms since 1970; must not decrease
   */
  *replay(name: string, event: RecordedEvent, now: number): Task {
    this.#now = now;
    if (event.type === 'block') this.#end = event.block.start + frameCount(event.block);
    if (now - this.#ticked >= tickInterval) {
      this.#ticked = now;
      this.#alarmService.tick(now);
    }
    yield* this.#stream(name).replay(event);
  }

  /** Applies the verdict of a user that an alarm is false. */
  dismiss(id: number): void {
    this.#alarmService.control({ type: 'alarm', alarm: id, do: 'falseAlarm' }, this.#now);
  }

  /** Identifies the settings of a stream, as a server records them; undefined before the first run. */
  settingsOf(name: string): string | undefined {
    return this.#streams.get(name)?.feed?.pipeline.settings;
  }

  /** Which part of a stream is not monitored, and why. */
  unwatched(name: string): string | undefined {
    return this.#streams.get(name)?.feed?.info.unwatched;
  }

  /** The open alarms and the newest closed ones. */
  get alarms(): AlarmRecord[] {
    return this.#alarmService.alarms;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) stream.close();
    await this.#alarmService.close();
  }

  #stream(name: string): ReplayedStream {
    const known = this.#streams.get(name);
    if (known) return known;
    const { feed, powerLine, alarms, learners } = this.#settings;
    const stream = new ReplayedStream(name, {
      feed: {
        design: withPowerLine(feed, powerLine),
        added: () => this.#learners.of(name),
        host: (emit) => new LocalHost(emit),
        monitor: (info) => this.#budget.allocate(info),
        alarms,
        now: () => this.#now,
      },
      isConfigured: (learner) => learners[name]?.some((each) => each.name === learner) ?? false,
      describe: this.#describe,
      handle: (replayed, output) => {
        this.#handle(replayed, output);
      },
    });
    this.#streams.set(name, stream);
    return stream;
  }

  #handle(feed: Feed, output: FeedOutput): void {
    const { name } = feed;
    switch (output.type) {
      case 'detected': {
        // a long block is processed in pieces, each of which counts as received when its last frame was complete
        const { rate } = feed.info;
        const early = rate > 0 ? ((this.#end - output.end) * 1000) / rate : 0;
        this.#alarmService.collect(name, output, this.#now - early);
        return;
      }
      case 'run':
      case 'info':
        this.#alarmService.open(feed.info);
        return;
      case 'loss': {
        const learner = feed.info.learners.find(({ index }) => index === output.learner);
        if (learner) this.#listener.score(name, learner, output);
        return;
      }
      case 'broken': {
        const sentence = `${output.where}: ${output.message}`;
        const key = `${name} ${sentence}`;
        if (this.#reported.has(key) || this.#reported.size >= maxReported) return;
        this.#reported.add(key);
        this.#listener.problem(name, sentence);
      }
    }
  }
}
