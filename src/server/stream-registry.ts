import { randomInt } from 'node:crypto';
import { auditTime, map, type Observable, share, Subject } from 'rxjs';
import type { AddedLearners } from './added-learners.ts';
import type { AlarmService } from './alarm-service.ts';
import { closeCodes } from '../protocol/close-codes.ts';
import type { Slices } from '../core/slices.ts';
import type { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type {
  HealthMessage,
  LearnerHealth,
  RecordingHealth,
  RejectedMessages,
  StreamsMessage,
} from '../protocol/watch-message.ts';
import type { LearnerRequest } from '../protocol/learner-request.ts';
import { Feed, type Opening, type Start } from './feed.ts';
import type { FeedOutput } from './feed-output.ts';
import { DetectorBudget } from './detector-budget.ts';
import type { FeedDesigner } from './feed-spec.ts';
import { Intake, type SensorMessage } from './intake.ts';
import { addLearner, removeLearner } from './learner-changes.ts';
import type { MakeHost } from './pipeline-host.ts';
import type { PipelineStore } from './pipeline-store.ts';
import type { Recordings } from './recordings.ts';
import type { ServerAlarms } from './server-alarms.ts';
import type { SessionEnd, SessionLog, SessionRecord } from './session-log.ts';
import { type RecoveredStreams, StreamRecovery } from './stream-recovery.ts';
import { StreamSaves } from './stream-saves.ts';
import { TargetAssignments } from './target-assignments.ts';
import { UnopenedRejections } from './unopened-rejections.ts';
import type { WeightStore } from './weight-store.ts';
import type { Task } from './work-scheduler.ts';

/** Minimum interval between two lists of all streams in ms. */
const listInterval = 20;

/** Options of a stream registry. */
export interface StreamRegistryOptions {
  design: FeedDesigner;
  /** Learners that are added to the designed ones. */
  learners: AddedLearners;
  store: WeightStore;
  pipelines: PipelineStore;
  /** Default: streams are not recorded. */
  recordings?: Recordings | undefined;
  /** Creates the host of a pipeline. */
  host: MakeHost;
  /** Options of detectors and alarms. */
  alarms: ServerAlarms;
  alarmService: AlarmService;
  sessions: SessionLog;
  maxStreams: number;
  log: (line: string) => void;
}

/** A connected sensor. */
export interface Sensor {
  /** Transport. Default: 'websocket'. */
  readonly via?: SessionRecord['via'];
  /** Closes the connection, such as when a newer sensor of the same name connects. */
  close(code: number, sentence: string): void;
}

/** All streams, their connected sensors, and which stream is the target of which. */
export class StreamRegistry {
  /** Emits when a stream is added, removed, or changed. */
  readonly changed: Subject<void> = new Subject<void>();
  /** The list of all streams, soon after it has changed. All subscribers receive the same object. */
  readonly listed: Observable<StreamsMessage> = this.changed.pipe(
    auditTime(listInterval),
    map(() => ({ type: 'streams' as const, streams: this.streams })),
    share(),
  );
  readonly #options: StreamRegistryOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #sensors = new Map<string, Sensor>();
  readonly #targets = new TargetAssignments();
  /** Streams that started with what was learned before, and whose pipeline has not been saved since then. */
  readonly #unsaved = new Set<Feed>();
  /** Streams whose recorded frames are being processed again. */
  readonly #replaying = new Set<Feed>();
  /** Streams without a sensor, the one that ended first at the front. */
  readonly #ended = new Set<string>();
  readonly #budget = new DetectorBudget();
  readonly #unopened = new UnopenedRejections();
  readonly #saves: StreamSaves;
  /** Undefined if the server does not record. */
  readonly #recovery: StreamRecovery | undefined;

  constructor(options: StreamRegistryOptions) {
    this.#options = options;
    const { recordings } = options;
    this.#saves = new StreamSaves(options);
    this.#recovery = recordings && new StreamRecovery(this.#recovered, { ...options, recordings });
    options.alarmService.events.subscribe((event) => {
      recordings?.recordAlarm(event);
      const {
        step,
        alarm: { kind, members },
      } = event;
      if (step !== 'falseAlarm' || kind !== 'unusual') return;
      for (const { stream } of members) this.#feeds.get(stream)?.markNormal();
    });
  }

  get streams(): StreamInfo[] {
    return this.#ready.map((feed) => feed.info);
  }

  /** All streams except those whose recorded frames are being processed again. */
  get #ready(): Feed[] {
    return [...this.#feeds.values()].filter((feed) => !this.#replaying.has(feed));
  }

  get alarmService(): AlarmService {
    return this.#options.alarmService;
  }

  get sessions(): SessionLog {
    return this.#options.sessions;
  }

  log(line: string): void {
    this.#options.log(line);
  }

  /** Returns a stream; undefined if there is none, or if its recorded frames are being processed again. */
  feed(name: string): Feed | undefined {
    const feed = this.#feeds.get(name);
    return feed && this.#replaying.has(feed) ? undefined : feed;
  }

  /** Whether a stream is published by this sensor, rather than by one that has replaced it. */
  isOf(name: string, sensor: Sensor): boolean {
    return this.#sensors.get(name) === sensor;
  }

  /** Whether a sensor other than `sensor` is connected under this name. */
  isTaken(name: string, sensor: Sensor): boolean {
    const connected = this.#sensors.get(name);
    return connected !== undefined && connected !== sensor;
  }

  /** Whether a stream is recorded. */
  isRecorded(name: string): boolean {
    return this.#options.recordings?.recorder.isRecorded(name) ?? false;
  }

  /** Index of the first frame of a feed that a kill of the server can lose. */
  durable(feed: Feed): number {
    return this.#options.recordings?.durable(feed) ?? 0;
  }

  /** Whether frames of a feed become durable that are not durable yet. */
  isPending(feed: Feed): boolean {
    return this.#options.recordings?.isPending(feed) ?? false;
  }

  /**
   * Returns a sentence on frames that were lost for the recording since the last call, if any, after it is recorded that they are.
   * The pipeline, which has processed them, is saved.
   */
  takeLost(feed: Feed): string | undefined {
    const lost = this.#options.recordings?.takeLost(feed) ?? 0;
    if (lost === 0) return undefined;
    void this.#saves.save(feed);
    const frames = lost === 1 ? '1 frame was' : `${lost} frames were`;
    return `${frames} processed but not recorded, because the server could not write them; they are in no recording or export`;
  }

  /**
   * Continues a recorded stream that is not open since the server was started, as if the server had not been stopped. Returns
   * false if there is no room for another stream.
   */
  *recover(name: string): Task<boolean> {
    return this.#recovery ? yield* this.#recovery.recover(name) : true;
  }

  /** The streams for their recovery. */
  get #recovered(): RecoveredStreams {
    return {
      has: (name) => this.#feeds.has(name),
      makeRoom: () => this.#makeRoom(),
      prepare: (name, opening) => this.#create(name, opening, true),
      admit: (feed) => {
        this.#replaying.delete(feed);
        this.alarmService.open(feed.info);
        this.#assignTargets();
        this.#ended.add(feed.name);
        this.changed.next();
      },
      discard: (name) => {
        this.#discard(name);
      },
    };
  }

  /** Removes a stream whose recorded frames could not be processed again. */
  #discard(name: string): void {
    const feed = this.#feeds.get(name);
    if (!feed || !this.#replaying.has(feed)) return;
    this.#replaying.delete(feed);
    this.#feeds.delete(name);
    feed.close();
    this.#budget.release(name);
    this.#assignTargets();
  }

  /**
   * Opens a stream for a sensor, which replaces a connected one. Returns undefined if the server has no room for a
   * stream.
   */
  open(name: string, opening: Opening, sensor: Sensor): Feed | undefined {
    const before = this.#sensors.get(name);
    const known = this.#feeds.get(name);
    if (!known && !this.#makeRoom()) return undefined;
    if (before && before !== sensor) {
      const reason = `A newer device named "${name}" replaced this one.`;
      before.close(closeCodes.replaced, reason);
      this.sessions.close(name, { code: closeCodes.replaced, reason }, Date.now());
    }
    this.#sensors.set(name, sensor);
    const feed = known ?? this.#create(name, opening);
    feed.live = true;
    this.#ended.delete(name);
    if (known) known.open(opening);
    if (before !== sensor) this.sessions.open(name, feed, sensor.via ?? 'websocket', Date.now());
    this.#assignTargets();
    this.changed.next();
    return feed;
  }

  /**
   * Checks messages as if they were received after `open` with the same description.
   * @throws ProtocolError if one of them does not match the stream
   */
  *check(name: string, opening: Opening, messages: readonly SensorMessage[]): Slices<void> {
    const known = this.#feeds.get(name);
    if (known) yield* known.check(opening, messages);
    else yield* new Intake(opening).accept(messages, Date.now());
  }

  /** A sensor has disconnected. Its stream stays and can be continued. */
  leave(name: string, sensor: Sensor, normalClose: boolean, end: SessionEnd = {}): void {
    if (this.#sensors.get(name) !== sensor) return;
    this.#sensors.delete(name);
    this.sessions.close(name, end, Date.now());
    const feed = this.#feeds.get(name);
    if (!feed) return;
    feed.live = false;
    if (normalClose) this.alarmService.normalClose(name, Date.now());
    this.#ended.add(name);
    this.changed.next();
  }

  /** Counts a rejected message of a stream, and logs some of them. */
  reject(name: string, error: ProtocolError): void {
    const rejections = this.#feeds.get(name)?.rejections ?? this.#unopened.of(name);
    if (!rejections.add(error, Date.now())) return;
    const { count = 0 } = rejections.summary ?? {};
    const which = count === 1 ? 'a message' : `${count} messages; the last`;
    this.log(`stream ${name}: rejected ${which}: ${error.message} (${error.code})`);
  }

  /** Rejected messages of names without a stream, because none of their recent messages was accepted; `now` in ms. */
  unopened(now: number): { name: string; rejected: RejectedMessages }[] {
    return this.#unopened.recent(now, (name) => this.#feeds.has(name));
  }

  health(now: number): HealthMessage {
    const unopened = this.unopened(now);
    const streams = Array.from(this.#feeds.values(), (feed) => feed.health(now));
    const learners = this.learnerHealth();
    return {
      type: 'health',
      streams,
      ...(unopened.length > 0 && { unopened }),
      ...(learners.length > 0 && { learners }),
      recording: this.recordingHealth,
    };
  }

  /** Deletes the recording of a stream; recording continues. Returns false if there is none. */
  async eraseRecording(name: string): Promise<boolean> {
    await this.#recovery?.settled(name);
    const erased = () => {
      // a stream can have been opened since the call
      const feed = this.#feeds.get(name);
      // a new recording can continue only a pipeline that is saved after its first frames
      if (feed) this.#unsaved.add(feed);
      return feed;
    };
    return (await this.recordings?.erase(name, erased)) ?? false;
  }

  /** The recordings; undefined if the server does not record. */
  get recordings(): Recordings | undefined {
    return this.#options.recordings;
  }

  /** Whether streams are being recorded, and why not. */
  get recordingHealth(): RecordingHealth {
    return this.#options.recordings?.health ?? { on: false };
  }

  /** The learners that wait for a stream that is not connected, or that have ignored late targets. */
  learnerHealth(): LearnerHealth[] {
    const waiting = this.#options.learners.configured.filter(({ stream }) => !this.#feeds.has(stream));
    const isMissing = (stream: string) => this.#feeds.get(stream)?.live !== true;
    return [
      ...waiting.map(({ stream, learner }) => ({ stream, learner, waitsFor: stream })),
      ...[...this.#feeds.values()].flatMap((feed) => feed.learnerHealth(isMissing)),
    ];
  }

  /** Adds or removes a learner of a stream. Throws a ProtocolError if that is not possible. */
  changeLearners(feed: Feed, request: LearnerRequest): void {
    const { learners, store } = this.#options;
    if (request.add !== undefined) {
      feed.addLearner(addLearner(learners, feed, request.add, (name) => this.#feeds.get(name)?.info));
      this.#assignTargets();
      return;
    }
    const name = request.remove ?? '';
    removeLearner(learners, feed, name);
    store.remove(feed.name, name).catch((error: unknown) => {
      this.log(`stream ${feed.name}: could not delete the weights of learner ${name}: ${String(error)}`);
    });
  }

  /** Removes a stream and its alarms; its learned weights stay saved. */
  remove(name: string): void {
    if (this.#remove(name)) this.changed.next();
  }

  /** Saves the learned weights of all streams and, with `pipelines`, their pipelines. */
  async save(pipelines: boolean): Promise<void> {
    await this.#saves.removed;
    await this.#saves.saveAll(this.#ready, pipelines);
  }

  /** @param isReplayed whether recorded frames are processed again: they are neither recorded nor raise alarms */
  #create(name: string, opening: Opening, isReplayed = false): Feed {
    const { design, learners, store, pipelines, host, alarms } = this.#options;
    const feed = new Feed(name, opening, {
      design,
      added: () => learners.of(name),
      removable: (stream, learner) => learners.isAdded(stream, learner),
      host,
      alarms,
      monitor: (stream) => this.#budget.allocate(stream),
      saved: () => pipelines.get(name),
      position: () => this.#options.recordings?.recorder.position(name),
      newRun: () => randomInt(2 ** 32),
      savedWeights: (stream, learner) => store.get(stream, learner),
      rejections: this.#unopened.of(name),
      now: Date.now,
    });
    if (isReplayed) this.#replaying.add(feed);
    if (this.#recovery?.hasFailed(name)) feed.recovered = false;
    this.#feeds.set(name, feed);
    feed.output.subscribe((output) => {
      this.#handle(feed, output);
    });
    const started = feed.start();
    if (!isReplayed && started !== 'new') this.#unsaved.add(feed);
    if (!isReplayed) this.log(`stream ${name}: ${described(opening)}${startText(started, feed)}`);
    this.alarmService.open(feed.info, isReplayed);
    return feed;
  }

  #handle(feed: Feed, output: FeedOutput): void {
    if (this.#replaying.has(feed)) {
      this.#handleReplayed(feed, output);
      return;
    }
    this.#options.recordings?.record(feed, output);
    const isRepeatable = feed.next === 0 && this.isRecorded(feed.name);
    if ((output.type === 'stages' && !isRepeatable) || (output.type === 'raw' && this.#unsaved.delete(feed)))
      void this.#saves.save(feed);
    if (output.type === 'raw') {
      for (const other of this.#targets.learningFrom(feed.name)) other.pipeline.pushTarget(feed, output.block);
      const now = Date.now();
      this.alarmService.observeClock(now, performance.now());
      this.alarmService.receive(feed.name, feed.next, now);
      this.sessions.advance(feed.name, feed.next);
    } else if (output.type === 'detected') this.alarmService.collect(feed.name, output, Date.now());
    else if (output.type === 'run') {
      // a run that begins with a target stream cannot be repeated from its beginning
      if (this.isRecorded(feed.name)) this.#unsaved.add(feed);
      this.#assignTargets(feed.name);
      this.sessions.newRun(feed.name, feed, Date.now());
    } else if (output.type === 'fresh' || output.type === 'late') this.#logNotes(feed);
    else if (output.type === 'broken') {
      // the failure of a learner has a note
      if (feed.pipeline.stages.hasLearner(output.where)) this.#logNotes(feed);
      else this.log(`stream ${feed.name}: ${output.where}: ${output.message}`);
    }
    if (output.type !== 'run' && output.type !== 'info') return;
    this.alarmService.open(feed.info);
    this.changed.next();
  }

  /** Passes on results of a detector that were not reported before the server was killed. */
  #handleReplayed(feed: Feed, output: FeedOutput): void {
    if (output.type === 'detected') this.alarmService.collectReplayed(feed.name, output, Date.now());
    else if (output.type === 'run' || output.type === 'info') this.alarmService.open(feed.info, true);
  }

  /** Assigns its targets to every stream. */
  #assignTargets(restarted?: string): void {
    const feeds = this.#ready;
    this.#targets.assign(
      feeds,
      feeds.map((feed) => feed.info),
      restarted,
    );
    for (const feed of feeds) this.#logNotes(feed);
  }

  #logNotes(feed: Feed): void {
    for (const note of feed.pipeline.stages.takeNotes()) this.log(`stream ${feed.name}: ${note}`);
  }

  /** Removes the stream that ended first if the limit is reached; returns false if all streams are live. */
  #makeRoom(): boolean {
    if (this.#feeds.size < this.#options.maxStreams) return true;
    for (const name of this.#ended) if (!this.#feeds.get(name)?.isReceiving) return this.#remove(name);
    return false;
  }

  /** Returns false if there is no such stream. */
  #remove(name: string): boolean {
    const feed = this.#feeds.get(name);
    if (!feed) return false;
    this.#saves.saveRemoved(feed);
    feed.close();
    this.#unsaved.delete(feed);
    this.#replaying.delete(feed);
    this.alarmService.remove(name, Date.now());
    this.#budget.release(name);
    this.#feeds.delete(name);
    this.#ended.delete(name);
    this.#assignTargets();
    return true;
  }
}

function startText(started: Start, { run, next }: Feed): string {
  if (started === 'continued') return `; continues run ${run} at frame ${next}`;
  return started === 'learned' ? '; new run with the saved weights and detector state' : '';
}

function described({ channels, rate }: Opening): string {
  return `${channels.length} channel${channels.length === 1 ? '' : 's'}, ${rate > 0 ? `${rate} Hz` : 'irregular'}`;
}
