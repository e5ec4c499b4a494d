import { Subject } from 'rxjs';
import { frameCount } from '../core/blocks/block.ts';
import type { Slices } from '../core/slices.ts';
import type { ClockKind, Gap } from '../protocol/ingest.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { LearnerHealth, StreamHealth } from '../protocol/watch-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import type { BlockEvent, RecordedEvent, RunEvent } from '../store/recorded-event.ts';
import { Backlog } from './backlog.ts';
import { FeedGate } from './feed-gate.ts';
import type { FeedOptions, Opening, Start } from './feed-options.ts';
import type { FeedOutput } from './feed-output.ts';
import { FeedPipeline, type SavedStart } from './feed-pipeline.ts';
import type { LearnerSpec } from './feed-spec.ts';
import type { ExtendedSpec } from './feed-stages.ts';
import type { TargetInfo } from './feed-targets.ts';
import { Intake, type IntakeOutput, type SensorMessage } from './intake.ts';
import type { SavedRun } from './pipeline-store.ts';
import { Rejections } from './rejections.ts';
import { StreamNotes } from './stream-notes.ts';
import { StreamStatistics } from './stream-statistics.ts';
import type { Task } from './work-scheduler.ts';

export type { FeedOptions, Opening, Start } from './feed-options.ts';

/** Cost in ns of passing on a message without frames. */
const noteCost = 5000;

/**
 * One published stream: validates and numbers the frames of its sensor, sends them to its pipeline, and emits the
 * outputs of the pipeline.
 */
export class Feed {
  readonly name: string;
  readonly output: Subject<FeedOutput> = new Subject<FeedOutput>();
  readonly pipeline: FeedPipeline;
  live = false;
  /** Whether the recorded run was continued since the server was started; undefined if none was recorded. */
  recovered: boolean | undefined;
  /** Whether the recorded run was continued, and no frames were received since then. */
  isJustRecovered = false;
  readonly #options: FeedOptions;
  readonly #gate = new FeedGate();
  #opening: Opening;
  #run: number;
  #intake: Intake;
  #statistics = new StreamStatistics();
  #isClosed = false;
  /** Index of the next frame while messages are processed. */
  #processed: number | undefined;
  /** What was assumed about the stream, or is doubtful. */
  readonly #notes = new StreamNotes();
  /** Messages of the sensor that were rejected. */
  readonly rejections: Rejections;
  /** Recent outputs for viewers that subscribe later. */
  readonly backlog: Backlog = new Backlog();

  constructor(name: string, opening: Opening, options: FeedOptions) {
    this.name = name;
    this.#options = options;
    this.rejections = options.rejections ?? new Rejections();
    this.#opening = opening;
    this.#run = opening.run ?? options.newRun();
    this.#intake = new Intake(opening);
    this.output.subscribe((output) => this.backlog.push(output));
    this.pipeline = new FeedPipeline(this, options);
  }

  /**
   * Starts the pipeline, or continues the saved one if it belongs to the same run. Subscribe to `output` first to receive
   * its failures. Returns whether a saved pipeline is continued, or only what it has learned is used.
   */
  start(): Start {
    const saved = this.#options.saved();
    const { run, fresh } = this.#opening;
    const isSameRun = saved !== undefined && saved.run === run && !fresh;
    const spec = this.pipeline.design();
    const isContinued = spec !== undefined && isSameRun && saved.key === this.pipeline.key;
    if (isContinued) this.#intake = new Intake(this.#opening, saved.next);
    else if (spec && isSameRun) this.#run = this.#options.newRun();
    if (spec) this.#openPipeline(spec, saved && { run: saved, use: isContinued ? 'continue' : 'learned' });
    if (isContinued) return 'continued';
    return saved ? 'learned' : 'new';
  }

  /** The present description of the stream. It is replaced as a whole. */
  get opening(): Opening {
    return this.#opening;
  }

  /** The description of the stream for its pipeline. */
  get description(): { name: string } & Opening {
    return { name: this.name, ...this.#opening };
  }

  get info(): StreamInfo {
    const { channels, rate, kind, for: targetOf } = this.#opening;
    const { name, live } = this;
    const { stages, unwatched } = this.pipeline;
    const { maps, learners } = stages;
    const stream = { name, channels, rate, run: this.#run, next: this.next, live, kind, for: targetOf };
    const notes = [...this.notes.values(), ...stages.notes.sentences];
    const { clock } = this.#intake;
    return {
      ...stream,
      maps,
      learners,
      unwatched,
      ...(clock.info && { clock: clock.info }),
      ...(notes.length > 0 && { notes }),
    };
  }

  /** What the times of the sensor count from, if the sensor has declared it. */
  get declaredClock(): ClockKind | undefined {
    return this.#opening.clock;
  }

  /** How far the sensor's clock is ahead of the server's, in ms; undefined up to a minute. */
  get offset(): number | undefined {
    return this.#intake.clock.offset || undefined;
  }

  /** What was assumed about the stream, or is doubtful: one sentence for each key. */
  get notes(): ReadonlyMap<string, string> {
    const { notes } = this.#intake.clock;
    return notes.size === 0 ? this.#notes.all : new Map([...this.#notes.all, ...notes]);
  }

  get run(): number {
    return this.#run;
  }

  /** Index of the next frame: all frames before it have been passed to the pipeline. */
  get next(): number {
    return this.#processed ?? this.#intake.next;
  }

  /** Whether a description would start a new run: `fresh`, or another number of channels or sampling rate. */
  restartsFor({ channels, rate, fresh = false }: Opening): boolean {
    return fresh || channels.length !== this.#opening.channels.length || rate !== this.#opening.rate;
  }

  /** Applies a new description of the stream; see `restartsFor`. */
  open(opening: Opening): void {
    const before = this.#opening;
    const restarts = this.restartsFor(opening);
    this.#opening = opening;
    const resumes = before.run === undefined && opening.run !== undefined && this.next === 0;
    if (restarts) this.#restart(before);
    else {
      this.#intake = this.#intake.reopened(opening);
      if (resumes) this.#resume(opening.run!);
      else if (opening.kind !== before.kind) this.#changeKind();
    }
    this.emit({ type: 'info' });
  }

  /**
   * Checks messages as if they were received after `open(opening)`.
   * @throws ProtocolError if one of them does not match
   */
  *check(opening: Opening, messages: readonly SensorMessage[]): Slices<void> {
    const intake = this.restartsFor(opening) ? new Intake(opening) : this.#intake.reopened(opening);
    yield* intake.accept(messages, this.#options.now());
  }

  /** Whether messages are being processed. */
  get isReceiving(): boolean {
    return this.#gate.isOccupied;
  }

  /** Waits until the messages of another task are processed. */
  idle(): Task {
    return this.#gate.idle();
  }

  /**
   * Processes messages that arrived together. Returns the number of new frames, and the gaps before them. Throws a
   * ProtocolError and processes none of them if one does not match the stream.
   */
  receive(messages: readonly SensorMessage[]): Task<{ frames: number; gaps: Gap[] }> {
    return this.#gate.enter(this.#receive(messages));
  }

  *#receive(messages: readonly SensorMessage[]): Task<{ frames: number; gaps: Gap[] }> {
    try {
      this.#processed = this.#intake.next;
      const outputs = yield* this.#intake.accept(messages, this.#options.now());
      this.rejections.accept();
      this.isJustRecovered = false;
      let frames = 0;
      for (const output of outputs) {
        if (this.#isClosed) break;
        if (output.type === 'raw') frames += frameCount(output.block);
        yield* this.#process(output);
      }
      for (const message of messages) if (message.type !== 'gap' && message.warnings) this.#notes.add(message.warnings);
      if (this.#notes.changed(this.notes)) this.emit({ type: 'info' });
      return { frames, gaps: outputs.filter((output) => output.type === 'gap') };
    } finally {
      this.#processed = undefined;
    }
  }

  /** Processes an output of the intake, frames in slices. */
  *#process(output: IntakeOutput): Task {
    if (output.type !== 'raw') {
      if (output.type === 'gap') {
        this.#statistics.gaps += output.count;
        this.#processed = output.from + output.count;
      }
      this.emit(output);
      yield noteCost;
      return;
    }
    for (const block of this.pipeline.pieces(output.block)) {
      if (this.#isClosed) return;
      this.#statistics.add(block);
      this.#processed = block.start + frameCount(block);
      this.emit({ type: 'raw', block });
      if (this.pipeline.isOpen) yield* this.pipeline.push(block);
      else yield noteCost;
    }
  }

  /**
   * Processes a recorded event again, as it was processed before the server ended. Throws if it does not follow the events
   * before it.
   */
  *replay(event: RecordedEvent): Task {
    switch (event.type) {
      case 'run':
        this.#replayRun(event);
        return;
      case 'block':
        yield* this.#replayBlock(event);
        return;
      case 'gap':
        this.#checkNext(event.from);
        this.#intake = new Intake(this.#opening, event.from + event.count);
        this.emit(event);
        return;
      case 'mark':
        this.emit(event);
        return;
      case 'message':
        this.pipeline.replay(event.message);
        return;
      case 'alarm':
    }
  }

  *#replayBlock({ block: whole }: BlockEvent): Task {
    this.#checkNext(whole.start);
    for (const block of this.pipeline.pieces(whole)) {
      this.#intake = new Intake(this.#opening, block.start + frameCount(block));
      this.emit({ type: 'raw', block });
      if (this.pipeline.isOpen) yield* this.pipeline.push(block);
    }
  }

  /** Starts a run again, as its description is recorded, or changes the description of the run. */
  #replayRun({ number = -1, next, channels, rate, kind, for: targetOf, clock }: RunEvent): void {
    const before = this.#opening;
    this.#opening = { type: 'hello', channels, rate, kind, for: targetOf, clock, run: number };
    if (number === this.#run && rate === before.rate && channels.length === before.channels.length) {
      this.#checkNext(next);
      this.#intake = this.#intake.reopened(this.#opening);
      return;
    }
    if (next !== 0) throw new Error(`the beginning of run ${number} is not recorded`);
    if (this.pipeline.taught.size > 0) throw new Error('a new run began while it was learning from another stream');
    this.#restart(before, number);
  }

  /** Throws unless a recorded event begins at the next frame. A run can begin at any frame. */
  #checkNext(index: number): void {
    const { next } = this.#intake;
    if (index !== next && next !== 0)
      throw new Error(`its recording continues at frame ${index} instead of frame ${next}`);
  }

  /** Controls a learner. Throws a ProtocolError ('unknown-learner') if there is none with this index. */
  control(request: LearningRequest): void {
    if (!this.pipeline.control(request))
      throw new ProtocolError('unknown-learner', `learner must be one of stream ${this.name}, got ${request.learner}`);
    this.emit({ type: 'info' });
  }

  /** Processes the report of a user that the current alarm is false: no frame is flagged until the next alarm. */
  markNormal(): void {
    if (this.pipeline.stages.detects) this.pipeline.send({ type: 'feedback', verdict: 'normal' });
  }

  /** Sets the connected streams that are targets of this one. Learners of new or restarted targets are created. */
  setTargets(targets: readonly TargetInfo[], restarted?: string): void {
    if (this.pipeline.setTargets(targets, restarted)) this.emit({ type: 'info' });
  }

  /** Starts a learner that was added to the designed ones. */
  addLearner(learner: LearnerSpec): void {
    if (this.pipeline.isOpen) this.pipeline.addLearner(learner, true, false);
    this.emit({ type: 'info' });
  }

  /** Ends a learner. */
  removeLearner(name: string): void {
    this.pipeline.removeLearner(name);
    this.emit({ type: 'info' });
  }

  health(now: number): StreamHealth {
    const rejected = this.rejections.summary;
    const { offset } = this;
    return {
      ...this.#statistics.health(this.name, now),
      ...(offset !== undefined && { offset }),
      next: this.next,
      ...(rejected && { rejected }),
    };
  }

  /** The learners that need attention; see `FeedStages.attention`. */
  learnerHealth(isMissing: (stream: string) => boolean): LearnerHealth[] {
    const learners = this.pipeline.stages.attention((target) => this.live && target !== this.name && isMissing(target));
    return learners.map((each) => ({ stream: this.name, ...each }));
  }

  /**
   * Saves the pipeline as it is between two groups of messages. Returns undefined before the first frame, or if there is no
   * pipeline.
   */
  save(): Promise<SavedRun | undefined> {
    return new Promise((resolve, reject) => {
      this.#gate.between(() => {
        const position = this.#options.position?.();
        const { run } = this;
        this.pipeline.save().then((saved) => {
          resolve(saved && { run, position, ...saved });
        }, reject);
      });
    });
  }

  /** Ends the feed. */
  close(): void {
    this.#isClosed = true;
    this.output.complete();
    this.pipeline.close();
  }

  emit(output: FeedOutput): void {
    this.output.next(output);
  }

  /** Designs the stream anew before its first frame; a running pipeline stays until the next run. */
  #changeKind(): void {
    if (this.next === 0) this.#resume(this.#run);
    else this.#notes.set('kind', 'kind has changed; feature maps and learners change with the next run');
  }

  /** Changes to the run that the sensor resumes, before its first frame. */
  #resume(run: number): void {
    this.#run = run;
    this.pipeline.clear();
    this.start();
    this.emit({ type: 'run', run: this.#run, next: this.next });
  }

  /** @param before the description of the run before */
  #restart(before: Opening, run: number = (this.#run + 1) >>> 0): void {
    this.#run = run;
    this.#intake = new Intake(this.#opening);
    this.#notes.clear();
    this.pipeline.clear();
    this.emit({ type: 'run', run: this.#run, next: 0 });
    const sameChannels = JSON.stringify(this.#opening.channels) === JSON.stringify(before.channels);
    const spec = this.pipeline.design();
    if (spec) this.#openPipeline(spec, undefined, sameChannels);
  }

  #openPipeline(spec: ExtendedSpec, saved?: SavedStart, sameChannels = true): void {
    this.#notes.set('design', spec.notes?.join('; '));
    this.pipeline.open(spec, saved, sameChannels);
  }
}
