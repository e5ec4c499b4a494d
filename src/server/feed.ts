import { createHash } from 'node:crypto';
import { Subject } from 'rxjs';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { cutBlock, piecesOf } from '../core/blocks/cut-block.ts';
import type { Slices } from '../core/slices.ts';
import type {
  AddMessage,
  ControlMessage,
  FeedbackMessage,
  RemoveMessage,
  TargetsMessage,
} from '../core/pipeline/pipeline-message.ts';
import type { MessageEvent, RecordedEvent, RunEvent, TargetsEvent } from '../store/recorded-event.ts';
import type { ClockKind, Gap } from '../protocol/ingest.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { LearnerHealth, StreamHealth } from '../protocol/watch-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import { Backlog } from './backlog.ts';
import type { AddedStage, FeedOutput, StageOutput, Taught } from './feed-output.ts';
import { planKey } from './feed-plan.ts';
import type { FeedOptions, Opening, Start } from './feed-options.ts';
import type { FeedInfo, LearnerSpec } from './feed-spec.ts';
import { frameCost, type FrameSlice, sliceOf } from './frame-cost.ts';
import { type ExtendedSpec, FeedStages, withAdded } from './feed-stages.ts';
import { FeedTargets, maxEarlyTargets, maxTargetOffset, offsetMessage, type TargetInfo } from './feed-targets.ts';
import { Intake, type IntakeOutput, type SensorMessage } from './intake.ts';
import type { PipelineHost } from './pipeline-host.ts';
import type { LearnedWeights, PipelineSetup } from './pipeline-runner.ts';
import type { SavedRun } from './pipeline-store.ts';
import { Rejections } from './rejections.ts';
import { StreamNotes } from './stream-notes.ts';
import { StreamStatistics } from './stream-statistics.ts';
import { withResolvers } from './with-resolvers.ts';
import type { Task } from './work-scheduler.ts';

export type { FeedOptions, Opening, Start } from './feed-options.ts';

/** Cost in ns of passing on a message without frames. */
const noteCost = 5000;

/** A recorded message to the pipeline. */
type RecordedMessage = MessageEvent['message'];

/** A recorded message that adds a stage, with the other fields of `AddedStage`. */
export interface ReplayedAdd extends AddMessage, Omit<AddedStage, 'setup'> {
  strict?: boolean;
}

/**
 * One published stream: validates and numbers the frames of its sensor, sends them to its pipeline, and emits the
 * outputs of the pipeline.
 */
export class Feed {
  readonly name: string;
  readonly output: Subject<FeedOutput> = new Subject<FeedOutput>();
  live = false;
  /** Whether the recorded run was continued since the server was started; undefined if none was recorded. */
  recovered: boolean | undefined;
  /** Whether the recorded run was continued, and no frames were received since then. */
  isJustRecovered = false;
  readonly #options: FeedOptions;
  readonly #host: PipelineHost;
  #opening: Opening;
  #run: number;
  #intake: Intake;
  #statistics = new StreamStatistics();
  readonly #stages: FeedStages;
  readonly #targets = new FeedTargets();
  /**
   * Settings from which the pipeline was planned (`planKey`). A saved pipeline can continue only a run with the same
   * key.
   */
  #key = '';
  /** Whether the pipeline of this run has been opened. */
  #running = false;
  #isClosed = false;
  /** Resolves when the messages that are being processed have been processed. */
  #receiving: Promise<void> | undefined;
  /** Index of the next frame while messages are processed. */
  #processed: number | undefined;
  /** Index of the next frame when the pipeline was last saved. */
  #savedNext = 0;
  /** How far the frames of target streams have been passed to the pipeline of this run. */
  readonly #taught = new Map<string, Taught>();
  /** Whether recorded events are being processed again. */
  #isReplaying = false;
  /** Whether a piece of a block is being processed, and what has to be done after it. */
  #isPushing = false;
  readonly #deferred: (() => void)[] = [];
  /** How frames are divided into slices. */
  #slice: FrameSlice = sliceOf(0);
  /** Which part of the stream is not monitored, and why. */
  #unwatched: string | undefined;
  /** What was assumed about the stream, or is doubtful. */
  readonly #notes = new StreamNotes();
  /** Failures in this run, by the stage or other component that failed. */
  readonly broken: Map<string, FeedOutput> = new Map<string, FeedOutput>();
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
    this.#stages = new FeedStages(options, (where, message) => {
      this.#emit({ type: 'broken', where, message });
    });
    this.#host = options.host((output) => {
      this.#emit(output);
    });
  }

  /**
   * Starts the pipeline, or continues the saved one if it belongs to the same run. Subscribe to `output` first to receive
   * its failures. Returns whether a saved pipeline is continued, or only what it has learned is used.
   */
  start(): Start {
    const saved = this.#options.saved();
    const { run, fresh } = this.#opening;
    const isSameRun = saved !== undefined && saved.run === run && !fresh;
    let started: Start = saved ? 'learned' : 'new';
    this.#design((spec) => {
      const continued = isSameRun && saved.key === this.#key;
      if (continued) {
        started = 'continued';
        for (const [stream, taught] of Object.entries(saved.taught ?? {})) this.#taught.set(stream, taught);
        this.#intake = new Intake(this.#opening, saved.next);
      } else if (isSameRun) this.#run = this.#options.newRun();
      this.#openPipeline(spec, saved && { bytes: saved.pipeline, use: continued ? 'continue' : 'learned' });
    });
    return started;
  }

  get info(): StreamInfo {
    const { channels, rate, kind, for: targetOf } = this.#opening;
    const { name, live } = this;
    const { maps, learners } = this.#stages;
    const stream = { name, channels, rate, run: this.#run, next: this.next, live, kind, for: targetOf };
    const notes = [...this.notes.values(), ...this.#stages.notes.sentences];
    const { clock } = this.#intake;
    return {
      ...stream,
      maps,
      learners,
      unwatched: this.#unwatched,
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
    return new Map([...this.#notes.all, ...this.#intake.clock.notes]);
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
    if (restarts) this.#restart(JSON.stringify(opening.channels) === JSON.stringify(before.channels));
    else {
      this.#intake = this.#intake.reopened(opening);
      if (resumes) this.#resume(opening.run!);
      else if (opening.kind !== before.kind) this.#changeKind();
    }
    this.output.next({ type: 'info' });
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
    return this.#receiving !== undefined;
  }

  /** Waits until the messages of another task are processed. */
  *idle(): Task {
    while (this.#receiving) yield this.#receiving;
  }

  /**
   * Processes messages that arrived together. Returns the number of new frames, and the gaps before them. Throws a
   * ProtocolError and processes none of them if one does not match the stream.
   */
  *receive(messages: readonly SensorMessage[]): Task<{ frames: number; gaps: Gap[] }> {
    yield* this.idle();
    const { promise, resolve } = withResolvers();
    this.#receiving = promise;
    try {
      this.#processed = this.#intake.next;
      return yield* this.#process(messages);
    } finally {
      this.#processed = undefined;
      this.#receiving = undefined;
      resolve();
    }
  }

  *#process(messages: readonly SensorMessage[]): Task<{ frames: number; gaps: Gap[] }> {
    const outputs = yield* this.#intake.accept(messages, this.#options.now());
    this.rejections.accept();
    this.isJustRecovered = false;
    let frames = 0;
    for (const output of outputs) {
      if (this.#isClosed) break;
      if (output.type === 'raw') frames += frameCount(output.block);
      yield* this.#emitReceived(output);
    }
    for (const message of messages) if (message.type !== 'gap') this.#notes.add(message.warnings ?? []);
    if (this.#notes.changed(this.notes)) this.output.next({ type: 'info' });
    return { frames, gaps: outputs.filter((output) => output.type === 'gap') };
  }

  /** Whether the pipeline was saved since the server was started. */
  get isSaved(): boolean {
    return this.#savedNext > 0;
  }

  /** Identifies the settings from which the pipeline was planned. */
  get settings(): string {
    return createHash('sha256').update(this.#key).digest('base64').slice(0, 16);
  }

  /** Estimated cost in ns of the frames since the pipeline was saved. */
  get unsavedCost(): number {
    return (this.next - this.#savedNext) * this.#slice.cost;
  }

  /**
   * Processes a recorded event again, as it was processed before the server ended. Throws if it does not follow the events
   * before it.
   * @param targets reads recorded frames of another stream
   */
  *replay(event: RecordedEvent, targets: (event: TargetsEvent) => Promise<Block[]>): Task {
    switch (event.type) {
      case 'run':
        this.#replayRun(event);
        return;
      case 'block':
        this.#checkNext(event.block.start);
        for (const block of piecesOf(event.block, this.#slice.frames)) {
          this.#intake = new Intake(this.#opening, block.start + frameCount(block));
          this.output.next({ type: 'raw', block });
          if (this.#running) yield* this.#push(block);
        }
        return;
      case 'gap':
        this.#checkNext(event.from);
        this.#intake = new Intake(this.#opening, event.from + event.count);
        this.output.next(event);
        return;
      case 'mark':
        this.output.next(event);
        return;
      case 'message':
        this.#replayMessage(event.message);
        return;
      case 'targets': {
        let blocks: Block[] = [];
        yield targets(event).then((read) => {
          blocks = read;
        });
        for (const block of blocks) this.#host.send({ type: 'targets', from: event.stream, block });
        return;
      }
      case 'alarm':
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
    if (this.#taught.size > 0) throw new Error('a new run began while it was learning from another stream');
    this.#restart(JSON.stringify(channels) === JSON.stringify(before.channels));
    this.#run = number;
  }

  #replayMessage(message: RecordedMessage): void {
    if (message.type === 'add') {
      const { stage, weights, keep, strict, isNew, target } = message as ReplayedAdd;
      if (target) this.#taught.set(target.stream, target);
      this.#host.add({ stage, weights, strict, replayed: isNew ? 'new' : 'again' }, keep);
      return;
    }
    if (message.type === 'targets') {
      const { from = '', block, run = -1 } = message as TargetsMessage & { run?: number };
      this.#taught.set(from, { run, next: block.start + frameCount(block) });
    } else if (message.type === 'control') {
      const learner = this.#stages.learners.find(({ name }) => name === message.learner);
      const { learning: on, learningRate, act } = message;
      if (learner) this.#stages.control(learner, { on, learningRate, act });
    }
    this.#host.send(message);
  }

  /** Throws unless a recorded event begins at the next frame. A run can begin at any frame. */
  #checkNext(index: number): void {
    const { next } = this.#intake;
    if (index !== next && next !== 0)
      throw new Error(`its recording continues at frame ${index} instead of frame ${next}`);
  }

  /** Marks the beginning and the end of the time in which recorded events are processed again. */
  set isReplaying(isReplaying: boolean) {
    this.#isReplaying = isReplaying;
  }

  /** How far the frames of target streams have been passed to the pipeline of this run, by the name of the stream. */
  get taught(): ReadonlyMap<string, Taught> {
    return this.#taught;
  }

  /** Controls a learner. Throws a ProtocolError ('unknown-learner') if there is none with this index. */
  control(request: LearningRequest): void {
    const { learner: index, on, learningRate, step, act } = request;
    const learner = this.#stages.learner(index);
    if (!learner)
      throw new ProtocolError('unknown-learner', `learner must be one of stream ${this.name}, got ${index}`);
    const change = { learner: learner.name, learning: on, learningRate: learningRate ?? step, act };
    this.#handle({ type: 'control', ...change });
    this.#stages.control(learner, request);
    this.output.next({ type: 'info' });
  }

  /** Processes the report of a user that the current alarm is false: no frame is flagged until the next alarm. */
  markNormal(): void {
    if (this.#stages.detects) this.#handle({ type: 'feedback', verdict: 'normal' });
  }

  /** Sets the connected streams that are targets of this one. Learners of new or restarted targets are created. */
  setTargets(targets: readonly TargetInfo[], restarted?: string): void {
    const changed = this.#targets.set(targets, restarted);
    if (changed.size === 0 || !this.#running) return;
    this.#design((spec) => {
      this.#stages.noteTaken(spec);
      for (const learner of spec.learners) {
        if (learner.target === undefined || !changed.has(learner.target)) continue;
        this.#addLearner(learner, spec.added.has(learner.name), learner.target !== restarted);
        if (learner.target === restarted && this.next > maxTargetOffset)
          this.#emit({ type: 'broken', where: learner.name, message: offsetMessage(restarted) });
      }
    });
    this.output.next({ type: 'info' });
  }

  /** Whether a learner has a stream as its target. */
  wantsTarget(stream: string): boolean {
    return this.#stages.wantsTarget(stream);
  }

  /** Whether there is a learner with this name, running or not. */
  hasLearner(name: string): boolean {
    return this.#stages.hasLearner(name);
  }

  /** Starts a learner that was added to the designed ones. */
  addLearner(learner: LearnerSpec): void {
    if (this.#running) this.#addLearner(learner, true, false);
    this.output.next({ type: 'info' });
  }

  /** Ends a learner. */
  removeLearner(name: string): void {
    this.#stages.removeLearner(name);
    if (this.#running) this.#handle({ type: 'remove', stage: `learner ${name}` });
    this.broken.delete(name);
    this.output.next({ type: 'info' });
  }

  /** Returns the notes on learners that have not been returned before. */
  takeLearnerNotes(): string[] {
    return this.#stages.takeNotes();
  }

  #addLearner(learner: LearnerSpec, isAdded: boolean, keep: boolean): void {
    const isNew = !this.#stages.learners.some(({ name }) => name === learner.name);
    const stage = this.#stages.planLearner(learner, this.#info, this.#targets.connected, isAdded);
    if (!stage) return;
    const target = this.#targets.connected.find(({ name }) => name === learner.target);
    const taught = target && { stream: target.name, run: target.run ?? -1, next: target.next ?? 0 };
    if (taught && this.#taught.get(taught.stream)?.run !== taught.run) this.#taught.set(taught.stream, taught);
    const added: AddedStage = { setup: stage, keep, isNew: isNew && !keep, ...(taught && { target: taught }) };
    this.#afterPiece(() => {
      this.#host.add(stage, keep);
      this.output.next({ type: 'stages', added });
    });
    const { channels, rate } = this.#opening;
    this.#slice = sliceOf(this.#slice.cost + frameCost([stage], channels.length, rate));
  }

  /** Processes frames of a stream that is a target of this one. */
  pushTarget({ name, run }: { readonly name: string; readonly run: number }, block: Block): void {
    if (block.start > this.next + maxEarlyTargets || !this.#targets.has(name) || !this.#stages.isTarget(name)) return;
    const taught = this.#taught.get(name);
    // after a restart, a sensor can send frames again that the pipeline has received
    const known = taught?.run === run ? taught.next : 0;
    if (block.start + frameCount(block) <= known) return;
    this.teach(name, run, cutBlock(block, Math.max(block.start, known)));
  }

  /** Passes frames of a target stream on, and notes that. */
  teach(name: string, run: number, block: Block): void {
    this.#taught.set(name, { run, next: block.start + frameCount(block) });
    this.#afterPiece(() => {
      this.#host.send({ type: 'targets', from: name, block });
      this.output.next({ type: 'targets', stream: name, run, block });
    });
  }

  /** Passes a message on that applies from the next frame on. */
  #handle(message: ControlMessage | FeedbackMessage | RemoveMessage): void {
    this.#afterPiece(() => {
      const stamped = { ...message, at: this.next };
      this.#host.send(stamped);
      this.output.next({ type: 'message', at: stamped.at, message: stamped });
    });
  }

  /** Calls `work` after the piece of a block that is being processed, if any, so that it can be repeated at the same place. */
  #afterPiece(work: () => void): void {
    if (this.#isPushing) this.#deferred.push(work);
    else work();
  }

  /** Passes frames on, and then what was deferred. */
  *#push(block: Block): Task {
    this.#isPushing = true;
    yield* this.#host.push(block, this.#slice);
    this.#isPushing = false;
    for (const work of this.#deferred.splice(0)) if (!this.#isClosed) work();
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
    const learners = this.#stages.attention((target) => this.live && target !== this.name && isMissing(target));
    return learners.map((each) => ({ stream: this.name, ...each }));
  }

  /** Returns the weights of every learner, by name. */
  learned(): Promise<Map<string, LearnedWeights>> {
    return this.#host.learned();
  }

  /** Returns the saved pipeline; undefined before the first frame, or if there is no pipeline. */
  async save(): Promise<SavedRun | undefined> {
    while (this.#receiving) await this.#receiving;
    const position = this.#options.position?.();
    const [run, next, key] = [this.run, this.next, this.#key];
    const taught = Object.fromEntries(this.#taught);
    if (next === 0 || !this.#running) return undefined;
    const pipeline = await this.#host.save();
    this.#savedNext = next;
    return pipeline && { run, next, key, pipeline, position, taught };
  }

  /** Ends the feed. */
  close(): void {
    this.#isClosed = true;
    this.output.complete();
    this.#host.close();
  }

  /** Passes a message on, frames in slices. */
  *#emitReceived(output: IntakeOutput): Task {
    if (output.type !== 'raw') {
      if (output.type === 'gap') {
        this.#statistics.gaps += output.count;
        this.#processed = output.from + output.count;
      }
      this.output.next(output);
      yield noteCost;
      return;
    }
    for (const block of piecesOf(output.block, this.#slice.frames)) {
      if (this.#isClosed) return;
      this.#statistics.add(block);
      this.#processed = block.start + frameCount(block);
      this.output.next({ type: 'raw', block });
      if (this.#running) yield* this.#push(block);
      else yield noteCost;
    }
  }

  /** Designs the stream anew before its first frame; a running pipeline stays until the next run. */
  #changeKind(): void {
    if (this.next === 0) this.#resume(this.#run);
    else this.#notes.set('kind', 'kind has changed; feature maps and learners change with the next run');
  }

  /** Changes to the run that the sensor resumes, before its first frame. */
  #resume(run: number): void {
    this.#run = run;
    this.#clear();
    this.start();
    this.output.next({ type: 'run', run: this.#run, next: this.next });
  }

  /** Forgets the pipeline of the run before. */
  #clear(): void {
    this.#running = false;
    this.#stages.clear();
    this.#taught.clear();
    this.broken.clear();
  }

  #restart(sameChannels: boolean): void {
    this.#run = (this.#run + 1) >>> 0;
    this.#intake = new Intake(this.#opening);
    this.#notes.clear();
    this.#clear();
    this.output.next({ type: 'run', run: this.#run, next: 0 });
    this.#design((spec) => {
      this.#openPipeline(spec, undefined, sameChannels);
    });
  }

  /** Calls `work` with the designed spec; an error of the designer is emitted as 'broken'. */
  #design(work: (spec: ExtendedSpec) => void): void {
    let spec: ExtendedSpec;
    try {
      const designed = this.#options.design(this.#info, this.#targets.declaredFor(this.#info));
      this.#key = planKey(designed, this.#opening, this.#options.alarms);
      spec = withAdded(designed, this.#options.added?.() ?? []);
    } catch (error) {
      this.#emit({ type: 'broken', where: 'design', message: String(error) });
      if (!this.#running) this.#unwatched = 'not monitored (the feed could not be designed)';
      return;
    }
    work(spec);
  }

  #openPipeline(spec: ExtendedSpec, saved: PipelineSetup['saved'], sameChannels = true): void {
    this.#running = true;
    this.#notes.set('design', spec.notes?.join('; '));
    const { channels, rate } = this.#opening;
    const allocation = this.#options.monitor(this.#info);
    const stages = this.#stages.plan(spec, this.#info, this.#targets.connected, allocation);
    this.#unwatched = allocation.unwatched ?? (this.#stages.detects ? undefined : 'not monitored (detection is off)');
    const learners = spec.learners.map(({ name }) => name);
    const gaps = { policy: spec.gaps };
    this.#slice = sliceOf(frameCost(stages, channels.length, rate));
    this.#host.open({ channels: channels.length, rate, gaps, stages, learners, saved, sameChannels });
  }

  get #info(): FeedInfo & Opening {
    return { name: this.name, ...this.#opening };
  }

  #emit(output: StageOutput): void {
    // a removed learner is not set up again, so that it cannot be removed again
    if (this.#isReplaying && output.type === 'broken' && output.where === 'remove') return;
    if (output.type === 'broken') {
      this.broken.set(output.where, output);
      this.#stages.noteFailure(output.where, output.message);
      if (output.where === 'detect') this.#unwatched = `not monitored: ${output.message}`;
    } else if (output.type === 'learningRate') this.#stages.update(output);
    else if (output.type === 'fresh') this.#stages.noteFresh(output.learner);
    else if (output.type === 'late') this.#stages.setLate(output.learner, output.late);
    this.output.next(output);
  }
}
