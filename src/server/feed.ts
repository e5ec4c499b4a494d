import { Subject } from 'rxjs';
import { type Block, frameCount } from '../core/blocks/block.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import type { ClockKind, Gap, Hello } from '../protocol/ingest.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';
import type { StreamHealth } from '../protocol/watch-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import { Backlog } from './backlog.ts';
import type { Allocation, MonitoredStream } from './detector-budget.ts';
import type { FeedOutput, StageOutput } from './feed-output.ts';
import { planKey } from './feed-plan.ts';
import type { FeedDesigner, FeedInfo, FeedSpec, LearnerSpec } from './feed-spec.ts';
import { FeedStages, type FeedStagesOptions } from './feed-stages.ts';
import { Intake, type IntakeOutput, type SensorMessage } from './intake.ts';
import type { MakeHost, PipelineHost } from './pipeline-host.ts';
import type { LearnedWeights, PipelineSetup } from './pipeline-runner.ts';
import type { SavedRun } from './pipeline-store.ts';
import { Rejections } from './rejections.ts';
import { StreamNotes } from './stream-notes.ts';
import { StreamStatistics } from './stream-statistics.ts';

/** How far targets may run ahead of their stream, in frames; later ones are ignored. */
const maxEarlyTargets = 65_536;

/** Frames that a stream may have had when a target stream starts again, without a report. */
const maxTargetOffset = 1024;

/** Options shared by all feeds of a server. */
export interface FeedOptions extends FeedStagesOptions {
  design: FeedDesigner;
  /** Returns a number for a new run. */
  newRun: () => number;
  /** Creates the host of the pipeline. */
  host: MakeHost;
  /** Returns how many channels of a stream are monitored. */
  monitor: (stream: MonitoredStream) => Allocation;
  /** Returns the saved pipeline of the stream, if any. */
  saved: () => SavedRun | undefined;
  /** Messages of the sensor that were rejected before the stream was opened. */
  rejections?: Rejections;
  /** Returns the current time in ms since 1970. */
  now: () => number;
}

/**
 * How a feed starts: it continues the saved pipeline, its learners and its detector use what they learned in an earlier run,
 * or nothing is saved.
 */
export type Start = 'continued' | 'learned' | 'new';

/** Description of a stream when it is opened. */
export type Opening = Hello & { channels: ChannelInfo[]; rate: number };

/**
 * One published stream: validates and numbers the frames of its sensor, sends them to its pipeline, and emits the
 * outputs of the pipeline.
 */
export class Feed {
  readonly name: string;
  readonly output: Subject<FeedOutput> = new Subject<FeedOutput>();
  live = false;
  readonly #options: FeedOptions;
  readonly #host: PipelineHost;
  #opening: Opening;
  #run: number;
  #intake: Intake;
  #statistics = new StreamStatistics();
  readonly #stages: FeedStages;
  #targets: readonly FeedInfo[] = [];
  /**
   * Settings from which the pipeline was planned (`planKey`). A saved pipeline can continue only a run with the same
   * key.
   */
  #key = '';
  /** Whether the pipeline of this run has been opened. */
  #running = false;
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
    const notes = [...this.notes.values()];
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

  get next(): number {
    return this.#intake.next;
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
  check(opening: Opening, messages: readonly SensorMessage[]): void {
    const intake = this.restartsFor(opening) ? new Intake(opening) : this.#intake.reopened(opening);
    intake.accept(messages, this.#options.now());
  }

  /**
   * Processes messages that arrived together. Returns the number of new frames, and the gaps before them. Throws a
   * ProtocolError and processes none of them if one does not match the stream.
   */
  receive(messages: readonly SensorMessage[]): { frames: number; gaps: Gap[] } {
    const outputs = this.#intake.accept(messages, this.#options.now());
    this.rejections.accept();
    for (const output of outputs) this.#emitReceived(output);
    for (const message of messages) if (message.type !== 'gap') this.#notes.add(message.warnings ?? []);
    if (this.#notes.changed(this.notes)) this.output.next({ type: 'info' });
    const blocks = outputs.flatMap((output) => (output.type === 'raw' ? [output.block] : []));
    const frames = blocks.reduce((sum, block) => sum + frameCount(block), 0);
    return { frames, gaps: outputs.filter((output) => output.type === 'gap') };
  }

  /** Controls a learner. Throws a ProtocolError ('unknown-learner') if there is none with this index. */
  control(request: LearningRequest): void {
    const { learner: index, on, learningRate, step, act } = request;
    const learner = this.#stages.learner(index);
    if (!learner)
      throw new ProtocolError('unknown-learner', `learner must be one of stream ${this.name}, got ${index}`);
    const change = { learner: learner.name, learning: on, learningRate: learningRate ?? step, act };
    this.#host.send({ type: 'control', at: this.next, ...change });
    this.#stages.control(learner, request);
    this.output.next({ type: 'info' });
  }

  /** Processes the report of a user that the current alarm is false: no frame is flagged until the next alarm. */
  markNormal(): void {
    if (this.#stages.detects) this.#host.send({ type: 'feedback', at: this.next, verdict: 'normal' });
  }

  /**
   * Sets the streams that are targets of this one, at the same rate. Learners of new or restarted targets are created.
   */
  setTargets(targets: readonly FeedInfo[], restarted?: string): void {
    const known = new Set(this.#targets.map(({ name }) => name));
    this.#targets = targets.filter(({ rate }) => rate === this.#opening.rate);
    const changed = this.#targets.filter(({ name }) => !known.has(name) || name === restarted);
    if (changed.length === 0 || !this.#running) return;
    this.#design(({ learners }) => {
      for (const learner of learners) {
        if (!changed.some(({ name }) => name === learner.target)) continue;
        const stage = this.#stages.planLearner(learner, this.#info, this.#targets);
        if (stage) this.#host.add(stage, learner.target !== restarted);
        if (learner.target === restarted && this.next > maxTargetOffset) this.#reportOffset(learner);
      }
    });
    this.output.next({ type: 'info' });
  }

  /** Reports that a target stream has begun a new numbering, so that its frames no longer match those of this stream. */
  #reportOffset({ name, target = '' }: LearnerSpec): void {
    const message = `${target} has started a new run, and targets are assigned to frames by their index; start a new run of this stream too`;
    this.#emit({ type: 'broken', where: name, message });
  }

  /** Processes frames of a stream that is a target of this one. */
  pushTarget(target: string, block: Block): void {
    if (block.start > this.next + maxEarlyTargets || !this.#targets.some(({ name }) => name === target)) return;
    if (this.#stages.isTarget(target)) this.#host.send({ type: 'targets', from: target, block });
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

  /** Returns the weights of every learner, by name. */
  learned(): Promise<Map<string, LearnedWeights>> {
    return this.#host.learned();
  }

  /** Returns the saved pipeline; undefined before the first frame, or if there is no pipeline. */
  async save(): Promise<SavedRun | undefined> {
    const [run, next, key] = [this.run, this.next, this.#key];
    if (next === 0 || !this.#running) return undefined;
    const pipeline = await this.#host.save();
    return pipeline && { run, next, key, pipeline };
  }

  /** Ends the feed. */
  close(): void {
    this.output.complete();
    this.#host.close();
  }

  #emitReceived(output: IntakeOutput): void {
    if (output.type === 'raw') this.#statistics.add(output.block);
    else if (output.type === 'gap') this.#statistics.gaps += output.count;
    this.output.next(output);
    if (output.type === 'raw' && this.#running) this.#host.send({ type: 'block', block: output.block });
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
    this.broken.clear();
  }

  #restart(sameChannels: boolean): void {
    this.#run = (this.#run + 1) >>> 0;
    this.#intake = new Intake(this.#opening);
    this.#notes.clear();
    this.#targets = this.#targets.filter(({ rate }) => rate === this.#opening.rate);
    this.#clear();
    this.output.next({ type: 'run', run: this.#run, next: 0 });
    this.#design((spec) => {
      this.#openPipeline(spec, undefined, sameChannels);
    });
  }

  /** Calls `work` with the designed spec; an error of the designer is emitted as 'broken'. */
  #design(work: (spec: FeedSpec) => void): void {
    let spec: FeedSpec;
    try {
      spec = this.#options.design(this.#info, this.#targets);
      this.#key = planKey(spec, this.#opening, this.#options.alarms);
    } catch (error) {
      this.#emit({ type: 'broken', where: 'design', message: String(error) });
      if (!this.#running) this.#unwatched = 'not monitored (the feed could not be designed)';
      return;
    }
    work(spec);
  }

  #openPipeline(spec: FeedSpec, saved: PipelineSetup['saved'], sameChannels = true): void {
    this.#running = true;
    this.#notes.set('design', spec.notes?.join('; '));
    const { channels, rate } = this.#opening;
    const allocation = this.#options.monitor(this.#info);
    const stages = this.#stages.plan(spec, this.#info, this.#targets, allocation);
    this.#unwatched = allocation.unwatched ?? (this.#stages.detects ? undefined : 'not monitored (detection is off)');
    this.#host.open({ channels: channels.length, rate, gaps: { policy: spec.gaps }, stages, saved, sameChannels });
  }

  get #info(): FeedInfo & Opening {
    return { name: this.name, ...this.#opening };
  }

  #emit(output: StageOutput): void {
    if (output.type === 'broken') {
      this.broken.set(output.where, output);
      if (output.where === 'detect') this.#unwatched = `not monitored: ${output.message}`;
    } else if (output.type === 'learningRate') this.#stages.update(output);
    this.output.next(output);
  }
}
