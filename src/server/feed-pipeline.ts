import { createHash } from 'node:crypto';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { cutBlock, piecesOf } from '../core/blocks/cut-block.ts';
import type { ControlMessage, FeedbackMessage, RemoveMessage } from '../core/pipeline/pipeline-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import type { AddedStage, FeedOutput, StageOutput, Taught } from './feed-output.ts';
import type { FeedOptions, Opening } from './feed-options.ts';
import { planKey } from './feed-plan.ts';
import type { FeedInfo, LearnerSpec } from './feed-spec.ts';
import { type ExtendedSpec, FeedStages, withAdded } from './feed-stages.ts';
import { FeedTargets, isTooEarly, maxTargetOffset, offsetNote, type TargetInfo } from './feed-targets.ts';
import { frameCost, type FrameSlice, sliceOf } from './frame-cost.ts';
import type { PipelineHost } from './pipeline-host.ts';
import type { LearnedWeights } from './pipeline-runner.ts';
import type { SavedRun } from './pipeline-store.ts';
import { addedStage, type RecordedMessage, targetsIn } from './replayed-message.ts';
import type { Task } from './work-scheduler.ts';

/** The part of a feed that its pipeline uses. */
export interface PipelineFeed {
  /** The current description of the stream. */
  readonly description: FeedInfo & Opening;
  /** Index of the next frame. */
  readonly next: number;
  /** Emits an output of the feed. */
  emit(output: FeedOutput): void;
}

/** A saved run to start from; `use` is that of `PipelineSetup.saved`. */
export interface SavedStart {
  readonly run: SavedRun;
  readonly use: 'continue' | 'learned';
}

/** The pipeline of a feed: plans its stages, and passes frames, targets, and changes on to its host, in order. */
export class FeedPipeline {
  readonly stages: FeedStages;
  /** Failures in this run, by the stage or other component that failed. */
  readonly broken: Map<string, FeedOutput> = new Map<string, FeedOutput>();
  /** Whether recorded events are being processed again. */
  isReplaying = false;
  readonly #feed: PipelineFeed;
  readonly #options: FeedOptions;
  readonly #host: PipelineHost;
  readonly #targets = new FeedTargets();
  /** How far the frames of target streams have been passed on in this run. */
  readonly #taught = new Map<string, Taught>();
  /** Settings from which the pipeline was planned (`planKey`). A saved pipeline can continue only a run with the same key. */
  #key = '';
  /** Whether the pipeline of this run has been opened. */
  #isOpen = false;
  #isClosed = false;
  /** Whether a piece of a block is being processed, and the work to do after it. */
  #isPushing = false;
  readonly #deferred: (() => void)[] = [];
  /** How frames are divided into slices. */
  #slice: FrameSlice = sliceOf(0);
  /** Index of the next frame when the pipeline was last saved. */
  #savedNext = 0;
  /** Which part of the stream is not monitored, and why. */
  #unwatched: string | undefined;

  constructor(feed: PipelineFeed, options: FeedOptions) {
    this.#feed = feed;
    this.#options = options;
    this.stages = new FeedStages(options, (where, message) => {
      this.#emit({ type: 'broken', where, message });
    });
    this.#host = options.host((output) => {
      this.#emit(output);
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get key(): string {
    return this.#key;
  }

  /** Identifies the settings from which the pipeline was planned. */
  get settings(): string {
    return createHash('sha256').update(this.#key).digest('base64').slice(0, 16);
  }

  /** Which part of the stream is not monitored, and why; undefined if all of it is. */
  get unwatched(): string | undefined {
    return this.#unwatched;
  }

  /** How far the frames of target streams have been passed on in this run, by the name of the stream. */
  get taught(): ReadonlyMap<string, Taught> {
    return this.#taught;
  }

  /** Whether the pipeline was saved since the server was started. */
  get isSaved(): boolean {
    return this.#savedNext > 0;
  }

  /** Estimated cost in ns of the frames since the pipeline was saved. */
  get unsavedCost(): number {
    return (this.#feed.next - this.#savedNext) * this.#slice.cost;
  }

  /** Returns the designed spec with the added learners. If the designer fails, emits 'broken' and returns undefined. */
  design(): ExtendedSpec | undefined {
    const { description } = this.#feed;
    try {
      const designed = this.#options.design(description, this.#targets.declaredFor(description));
      this.#key = planKey(designed, description, this.#options.alarms);
      return withAdded(designed, this.#options.added?.() ?? []);
    } catch (error) {
      this.#emit({ type: 'broken', where: 'design', message: String(error) });
      if (!this.#isOpen) this.#unwatched = 'not monitored (the feed could not be designed)';
      return undefined;
    }
  }

  /** Starts a run, from a saved one if given. */
  open(spec: ExtendedSpec, saved?: SavedStart, sameChannels = true): void {
    this.#isOpen = true;
    if (saved?.use === 'continue')
      for (const [stream, taught] of Object.entries(saved.run.taught ?? {})) this.#taught.set(stream, taught);
    const { description } = this.#feed;
    const { rate } = description;
    const channels = description.channels.length;
    const allocation = this.#options.monitor(description);
    const stages = this.stages.plan(spec, description, this.#targets.connected, allocation);
    this.#unwatched = allocation.unwatched ?? (this.stages.detects ? undefined : 'not monitored (detection is off)');
    this.#slice = sliceOf(frameCost(stages, channels, rate));
    this.#host.open({
      channels,
      rate,
      gaps: { policy: spec.gaps },
      stages,
      learners: spec.learners.map(({ name }) => name),
      saved: saved && { bytes: saved.run.pipeline, use: saved.use },
      sameChannels,
    });
  }

  /** Discards the state of the run. */
  clear(): void {
    this.#isOpen = false;
    this.stages.clear();
    this.#taught.clear();
    this.broken.clear();
  }

  /** Divides a block into pieces that are processed without a pause. */
  pieces(block: Block): Iterable<Block> {
    return piecesOf(block, this.#slice.frames);
  }

  /** Passes a piece of a block on, and then what was deferred. */
  *push(piece: Block): Task {
    this.#isPushing = true;
    yield* this.#host.push(piece, this.#slice);
    this.#isPushing = false;
    for (const work of this.#deferred.splice(0)) if (!this.#isClosed) work();
  }

  /** Passes a message on that applies from the next frame on. */
  send(message: ControlMessage | FeedbackMessage | RemoveMessage): void {
    this.#afterPiece(() => {
      const stamped = { ...message, at: this.#feed.next };
      this.#host.send(stamped);
      this.#feed.emit({ type: 'message', at: stamped.at, message: stamped });
    });
  }

  /** Controls a learner. Returns false if there is none with this index. */
  control(request: LearningRequest): boolean {
    const { learner: index, on, learningRate, step, act } = request;
    const learner = this.stages.learner(index);
    if (!learner) return false;
    this.send({ type: 'control', learner: learner.name, learning: on, learningRate: learningRate ?? step, act });
    this.stages.control(learner, request, this.#feed.next);
    return true;
  }

  /**
   * Sets the connected streams that are targets of this one. Learners of new or restarted targets are created. Returns whether the
   * learners may have changed.
   */
  setTargets(targets: readonly TargetInfo[], restarted?: string): boolean {
    const changed = this.#targets.set(targets, restarted);
    if (changed.size === 0 || !this.#isOpen) return false;
    const spec = this.design();
    if (!spec) return true;
    this.stages.noteTaken(spec);
    for (const learner of spec.learners) {
      if (learner.target === undefined || !changed.has(learner.target)) continue;
      const isRestarted = learner.target === restarted;
      this.addLearner(learner, spec.added.has(learner.name), !isRestarted);
      if (isRestarted && this.#feed.next > maxTargetOffset)
        this.stages.notes.set(learner.name, offsetNote(restarted), 'targets');
    }
    return true;
  }

  /**
   * Starts a learner, or waits for its target stream.
   * @param isAdded whether it was added to the designed learners
   * @param keep as in `PipelineHost.add`
   */
  addLearner(learner: LearnerSpec, isAdded: boolean, keep: boolean): void {
    const isNew = !this.stages.learners.some(({ name }) => name === learner.name);
    const { description } = this.#feed;
    const setup = this.stages.planLearner(learner, description, this.#targets.connected, isAdded);
    if (!setup) return;
    const target = this.#targets.connected.find(({ name }) => name === learner.target);
    const taught = target && { stream: target.name, run: target.run ?? -1, next: target.next ?? 0 };
    if (taught && this.#taught.get(taught.stream)?.run !== taught.run) this.#taught.set(taught.stream, taught);
    const added: AddedStage = { setup, keep, isNew: isNew && !keep, ...(taught && { target: taught }) };
    this.#afterPiece(() => {
      this.#host.add(setup, keep);
      this.#feed.emit({ type: 'stages', added });
    });
    const { channels, rate } = description;
    this.#slice = sliceOf(this.#slice.cost + frameCost([setup], channels.length, rate));
  }

  /** Ends a learner. */
  removeLearner(name: string): void {
    this.stages.removeLearner(name);
    if (this.#isOpen) this.send({ type: 'remove', stage: `learner ${name}` });
    this.broken.delete(name);
  }

  /** Passes frames of a target stream on, except those that the pipeline has received. */
  pushTarget({ name, run }: { readonly name: string; readonly run: number }, block: Block): void {
    if (isTooEarly(block, this.#feed.next) || !this.#targets.has(name) || !this.stages.isTarget(name)) return;
    const taught = this.#taught.get(name);
    // after a restart, a sensor can send frames again that the pipeline has received
    const known = taught?.run === run ? taught.next : 0;
    if (block.start + frameCount(block) <= known) return;
    this.teach(name, run, cutBlock(block, Math.max(block.start, known)));
  }

  /** Passes frames of a target stream on, and records how far. */
  teach(name: string, run: number, block: Block): void {
    this.#taught.set(name, { run, next: block.start + frameCount(block) });
    this.#afterPiece(() => {
      this.#host.send({ type: 'targets', from: name, block });
      this.#feed.emit({ type: 'targets', stream: name, run, block });
    });
  }

  /** Processes a recorded message again. */
  replay(message: RecordedMessage): void {
    if (message.type === 'add') {
      const { setup, keep, target } = addedStage(message);
      if (target) this.#taught.set(target.stream, target);
      this.#host.add(setup, keep);
      return;
    }
    if (message.type === 'targets') {
      const { stream, run, next } = targetsIn(message);
      this.#taught.set(stream, { run, next });
    } else if (message.type === 'control') {
      const learner = this.stages.learners.find(({ name }) => name === message.learner);
      const { learning: on, learningRate, act } = message;
      if (learner) this.stages.control(learner, { on, learningRate, act }, this.#feed.next);
    }
    this.#host.send(message);
  }

  /** Returns the weights of every learner, by name. */
  learned(): Promise<Map<string, LearnedWeights>> {
    return this.#host.learned();
  }

  /** Returns the complete state after all frames so far; undefined before the first frame, or if there is no pipeline. */
  async save(): Promise<Pick<SavedRun, 'next' | 'key' | 'pipeline' | 'taught'> | undefined> {
    const { next } = this.#feed;
    const key = this.#key;
    const taught = Object.fromEntries(this.#taught);
    if (next === 0 || !this.#isOpen) return undefined;
    const pipeline = await this.#host.save();
    this.#savedNext = next;
    return pipeline && { next, key, pipeline, taught };
  }

  close(): void {
    this.#isClosed = true;
    this.#host.close();
  }

  /** Calls `work` after the piece of a block that is being processed, if any, so that it can be repeated at the same place. */
  #afterPiece(work: () => void): void {
    if (this.#isPushing) this.#deferred.push(work);
    else work();
  }

  #emit(output: StageOutput): void {
    // a removed learner is not set up again, so that it cannot be removed again
    if (this.isReplaying && output.type === 'broken' && output.where === 'remove') return;
    if (output.type === 'broken') {
      this.broken.set(output.where, output);
      this.stages.noteFailure(output.where, output.message);
      if (output.where === 'detect') this.#unwatched = `not monitored: ${output.message}`;
    } else if (output.type === 'learningRate') this.stages.update(output);
    else if (output.type === 'fresh') this.stages.noteFresh(output.learner);
    else if (output.type === 'late') this.stages.setLate(output.learner, output.late);
    this.#feed.emit(output);
  }
}
