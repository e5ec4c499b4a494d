import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { cutBlock } from '../blocks/cut-block.ts';
import { GapFiller } from '../blocks/gap-filler.ts';
import { invalid } from '../check.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import type { Learner } from '../learning/learner.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import type { Network } from '../network/network.ts';
import { DetectStage } from './detect-stage.ts';
import { EarlyTargets } from './early-targets.ts';
import { LearnerStage } from './learner-stage.ts';
import { MessageSchedule } from './message-schedule.ts';
import {
  checkPipelineMessage,
  type AddMessage,
  type PipelineMessage,
  type Stamp,
  type TargetsMessage,
  type TimedMessage,
} from './pipeline-message.ts';
import type { PipelineOutput } from './pipeline-output.ts';
import { checkSpec, stageName, stagesOf, type PipelineSpec, type StageName } from './pipeline-spec.ts';
import {
  type RunningStage,
  type SavedPipeline,
  type SavedStage,
  readPipeline,
  writePipeline,
} from './saved-pipeline.ts';
import { stageWithPowerLine, withAdded, withoutStage, withPowerLine } from './spec-change.ts';
import { StageFactory, type WeightTable } from './stage-factory.ts';
import { StageSet } from './stage-set.ts';
import type { Stage, StageFailure, StageSlot } from './stage-slot.ts';

/** Power-line frequency of learners whose spec has none, in Hz. */
const defaultPowerLine = 50;

/** Options of `Pipeline.create`: what is not part of the spec, such as networks and weights. */
export interface PipelineOptions {
  /**
   * Weights by content hash, for stages whose spec contains the hash (`weights`). Feature maps use a given network
   * without a copy, so that pipelines can share it. Learners train a copy.
   */
  weights?: Readonly<WeightTable>;
  /** Network of the feature map 'features'. It is not copied. Default: a new network, initialized from `seed`. */
  network?: Network;
  /** Initial network of the learner 'learner', which trains a copy. Default: a new network, initialized from `seed`. */
  learner?: Network;
  /** Optimizers that are not plain JSON, by the name of their learner. */
  optimizers?: Readonly<Record<string, Optimizer>>;
  /**
   * Pipeline of an earlier run of the stream. Learners start with the weights of its learners of the same name, and the
   * detector starts with the learned state of its detector. It must not be used afterward.
   */
  earlier?: Pipeline;
  /** Seed of the initial weights. Default 1. */
  seed?: number;
  /**
   * Number of channels and rate of the stream, if they are known before the first block. `create` then throws if a
   * stage does not match them; otherwise, the first block is rejected.
   */
  shape?: Pick<Block, 'channels' | 'rate'>;
  /** Creates the Fourier transform of feature maps with long kernels. See `StreamOptions`. */
  fft?: MakeTransform;
}

/**
 * The processing chain of one stream:
 *
 *     blocks → fill gaps ─┬→ digest → detector ──────────────────┐ flags
 *                         └→ standardize ─┬→ feature maps        │
 *                                         └→ learners ← targets ←┘
 *
 * It is created from a spec, processes messages, and is saved and restored as a whole. The results do not depend on how
 * the stream is split into blocks, and a restored pipeline returns the same bits as one that was never stopped.
 *
 * The detector reads the signal in its original unit: it scales by itself, and a standardizer would soon absorb a level
 * shift. It treats filled frames as missing, regardless of the fill policy. Learners do not train on the frames that it
 * flags. With a digest, the flag of a digest frame applies from the last input frame that it covers on.
 *
 * A stage that throws an error is turned off until it is restarted. The other stages continue.
 */
export class Pipeline {
  readonly #seed: number;
  /**
   * Detector of the earlier run, until the first frame has been processed. The earlier pipeline itself is not kept: it
   * would keep the one before it.
   */
  #earlierDetect: DetectStage | null = null;
  readonly #factory: StageFactory;
  readonly #stages = new StageSet();
  readonly #gaps: GapFiller;
  readonly #earlyTargets = new EarlyTargets();
  #spec: PipelineSpec;
  readonly #schedule = new MessageSchedule();
  #channels = 0;
  #rate = 0;
  #next = 0;

  private constructor(spec: PipelineSpec, options: PipelineOptions, saved?: SavedPipeline) {
    if (!saved) checkSpec(spec);
    const { earlier, ...sources } = options;
    this.#seed = options.seed ?? 1;
    this.#factory = new StageFactory({ ...sources, earlier: earlier ? earlier.#stages.learnedNetworks() : new Map() });
    this.#spec = withPowerLine(structuredClone(spec), defaultPowerLine);
    this.#gaps = new GapFiller(spec.gaps);
    for (const stage of stagesOf(this.#spec))
      this.#stages.put(this.#factory.make(stage, true, saved?.stages.get(stageName(stage))));
    const detect = earlier ? earlier.#stages.detect : null;
    if (detect && !detect.failure) this.#earlierDetect = detect.stage.handOver();
    if (options.shape) this.#open(options.shape);
  }

  /**
   * Creates a pipeline at the start of a stream.
   * @throws an error that names the invalid field of the spec
   */
  static create(spec: PipelineSpec, options: PipelineOptions = {}): Pipeline {
    return new Pipeline(spec, options);
  }

  /**
   * Restores a pipeline that `save` returned, with its weights, optimizers, and state.
   * @param options optimizers that are not plain JSON and `fft` are not saved and must be given again; feature maps use
   *   the networks in `weights` without a copy if these still have the saved weights
   * @throws if the bytes are truncated, not a saved pipeline, or from a newer version
   */
  static restore(
    bytes: Uint8Array,
    { weights, optimizers, fft }: Pick<PipelineOptions, 'weights' | 'optimizers' | 'fft'> = {},
  ): Pipeline {
    const saved = readPipeline(bytes);
    const options = { weights: { ...saved.weights, ...weights }, optimizers, fft, seed: saved.seed };
    const pipeline = new Pipeline(saved.spec, options, saved);
    pipeline.#restore(saved, optimizers);
    return pipeline;
  }

  /** Spec of the pipeline, with the stages that were added and without those that were removed. */
  get spec(): PipelineSpec {
    return this.#spec;
  }

  /** Number of channels per frame; 0 before the first block, unless `shape` was given. */
  get channels(): number {
    return this.#channels;
  }

  /** Sampling rate in Hz; 0 = irregular. Also 0 before the first block, unless `shape` was given. */
  get rate(): number {
    return this.#rate;
  }

  /** Absolute index of the next frame. */
  get next(): number {
    return this.#next;
  }

  /** Network of the feature map 'features'; null if there is none. You can replace its weights at any time. */
  get network(): Network | null {
    return this.#stages.maps.get('features')?.stage.network ?? null;
  }

  /** The learner 'learner', with its network and its optimizer; null if there is none. */
  get learner(): Learner | null {
    return this.learnerOf('learner');
  }

  /** Stages that have failed, in the order of the chain. */
  get failures(): StageFailure[] {
    return this.#stages.failures;
  }

  /** Names of the learners. */
  get learners(): string[] {
    return [...this.#stages.learners.keys()];
  }

  /** Returns the learner with a name; null if there is none. */
  learnerOf(name: string): Learner | null {
    return this.#stages.learners.get(name)?.stage.learner ?? null;
  }

  /** Processes a block. Short form of `handle({ type: 'block', block })`. */
  push(block: Block): PipelineOutput[] {
    const outputs: PipelineOutput[] = [];
    for (const some of this.pushInSlices(block, Infinity)) outputs.push(...some);
    return outputs;
  }

  /**
   * Processes a block in slices of at most `count` frames, filled frames included, and returns the outputs of each. Process
   * no other message before the last slice.
   */
  *pushInSlices(block: Block, count: number): Generator<PipelineOutput[], void, void> {
    checkBlock(block);
    this.#open(block);
    for (const piece of this.#gaps.pieces(block, count)) {
      const outputs: PipelineOutput[] = [];
      this.#processUpTo(piece, piece.start < block.start, outputs);
      yield outputs;
    }
  }

  /** Adds targets. Short form of `handle({ type: 'targets', from, block })`. */
  teach(block: Block, from = ''): void {
    this.#teach({ type: 'targets', from, block });
  }

  /**
   * Processes a message. For a block, it returns one output, preceded by one for the filled gap if there is one. An
   * output is divided at the frames from which waiting messages apply. Frames that were already processed are ignored.
   * Other messages apply from their frame on, and have no outputs.
   * @throws an error that names the invalid field; the state of the pipeline has not changed
   */
  handle(message: PipelineMessage): PipelineOutput[] {
    checkPipelineMessage(message);
    if (message.type === 'block') return this.push(message.block);
    if (message.type === 'targets') this.#teach(message);
    else this.#handleTimed(this.stamp(message));
    return [];
  }

  /**
   * Returns a copy of a message with the frame from which it applies (`at`, at least `next`), so that it can be
   * recorded.
   */
  stamp<M extends TimedMessage>(message: M): M & Stamp {
    return { ...message, at: Math.max(message.at ?? 0, this.#next) };
  }

  /**
   * Returns the last outputs of a feature map with mode 'same' or 'full' after the stream has ended; null if there are
   * none.
   * @param map name of the feature map
   */
  flush(map = 'features'): Block | null {
    return this.#stages.maps.get(map)?.run((stage) => stage.flush()) ?? null;
  }

  /** Releases the memory of the stages. The pipeline cannot be used after that. */
  close(): void {
    for (const { stage } of [...this.#stages.all, ...this.#schedule.stages]) stage.close?.();
    this.#closeEarlier();
  }

  /**
   * Returns the complete state as one safetensors file: weights, each stored once, optimizers, delay lines, pending
   * gradients and targets, indexes, statistics, and waiting messages.
   */
  save(): Uint8Array {
    return writePipeline({
      spec: this.#spec,
      seed: this.#seed,
      channels: this.#channels,
      rate: this.#rate,
      next: this.#next,
      gaps: this.#gaps.save(),
      targets: this.#earlyTargets.save(),
      stages: this.#stages.all.map(runningStage),
      waiting: this.#schedule.messages,
      prepared: this.#schedule.stages.map(runningStage),
    });
  }

  #restore(saved: SavedPipeline, optimizers: PipelineOptions['optimizers'] = {}): void {
    this.#channels = saved.channels;
    this.#rate = saved.rate;
    this.#next = saved.next;
    this.#gaps.restore(saved.gaps);
    this.#earlyTargets.restore(saved.targets ?? {});
    for (const slot of this.#stages.all) {
      const stage = saved.stages.get(slot.name);
      if (stage) this.#restoreSlot(slot, stage);
    }
    this.#stages.reportFailures();
    const prepared = [...saved.prepared];
    // not checked again: the stage of a message may have been removed since, and then nothing applies
    for (const message of saved.waiting) {
      if (message.type === 'add')
        this.#wait(message, this.#restorePrepared(withOptimizer(message, optimizers), prepared.shift()!));
      else this.#wait(message, null);
    }
  }

  #restorePrepared({ stage, optimizer }: AddMessage, saved: SavedStage): StageSlot<Stage> {
    this.#factory.take(stage, undefined, optimizer);
    const slot = this.#factory.make(stageWithPowerLine(stage, defaultPowerLine), false, saved);
    this.#restoreSlot(slot, saved);
    return slot;
  }

  #restoreSlot(slot: StageSlot<Stage>, { failure, state }: SavedStage): void {
    if (this.#channels > 0) slot.open(this.#channels, this.#rate);
    slot.failure ??= failure;
    // a stage that threw in the middle of a frame has no consistent state, and starts again from its spec
    if (!slot.failure) slot.stage.restore(state);
  }

  /**
   * Opens all stages for the shape of the first block. Throws, without a change, if a stage, or a later block, does not
   * match it.
   */
  #open({ channels, rate }: Pick<Block, 'channels' | 'rate'>): void {
    if (this.#channels > 0) {
      if (channels !== this.#channels) throw invalid('block.channels', `${this.#channels}, as before`, channels);
      if (rate !== this.#rate) throw invalid('block.rate', `${this.#rate} Hz, as before`, rate);
      return;
    }
    const openers = this.#stages.all.map(({ stage }) => this.#openerOf(stage, channels, rate));
    for (const open of openers) open();
    // a stage that waits to be added and does not match fails at its frame
    for (const slot of this.#schedule.stages) slot.run((stage) => this.#openerOf(stage, channels, rate)());
    [this.#channels, this.#rate] = [channels, rate];
  }

  /**
   * Returns a function that opens a stage. At the start of a run, the detector starts with the learned state of the
   * detector of the earlier run.
   */
  #openerOf(stage: Stage, channels: number, rate: number): () => void {
    if (!(stage instanceof DetectStage)) return stage.opener(channels, rate);
    return stage.opener(channels, rate, this.#next === 0 ? this.#earlierDetect : null);
  }

  /** Processes frames, divided where waiting messages apply. */
  #processUpTo(block: Block, filled: boolean, outputs: PipelineOutput[]): void {
    const end = block.start + frameCount(block);
    let rest = block;
    while (this.#schedule.nextFrame < end) {
      const at = this.#schedule.nextFrame;
      if (at > rest.start) {
        this.#process(cutBlock(rest, rest.start, at - rest.start), filled, outputs);
        rest = cutBlock(rest, at);
      }
      this.#apply(...this.#schedule.shift());
    }
    this.#process(rest, filled, outputs);
  }

  #process(raw: Block, filled: boolean, outputs: PipelineOutput[]): void {
    this.#stages.process(raw, filled, outputs);
    this.#next = raw.start + frameCount(raw);
    this.#closeEarlier();
    this.#earlyTargets.drop(this.#next);
  }

  #closeEarlier(): void {
    this.#earlierDetect?.close();
    this.#earlierDetect = null;
  }

  #teach({ from = '', block }: TargetsMessage): void {
    checkBlock(block);
    const isTaught = ({ stage }: StageSlot<Stage>) => stage instanceof LearnerStage && stage.target === from;
    const running = [...this.#stages.learners.values()].filter(isTaught);
    // learners that wait to be added are taught when they are added
    const taught = [...running, ...(this.#schedule.stages as typeof running).filter(isTaught)];
    if (taught.length === 0) throw invalid('from', 'the target stream of a learner', from, TypeError);
    for (const { stage } of taught) {
      const { outChannels } = stage.learner.network;
      if (block.channels !== outChannels) throw invalid('channels of a target block', `${outChannels}`, block.channels);
    }
    this.#earlyTargets.add(from, block, this.#next);
    for (const slot of running) slot.run((stage) => stage.learner.teach(block));
  }

  /** Teaches a new learner the targets that arrived before it started. */
  #teachEarly(slot: StageSlot<Stage>): void {
    slot.run((stage) => {
      if (!(stage instanceof LearnerStage) || stage.target === undefined) return;
      for (const block of this.#earlyTargets.of(stage.target)) stage.learner.teach(block);
    });
  }

  #handleTimed(message: TimedMessage & Stamp): void {
    this.#schedule.check(
      message,
      this.#stages.all.map(({ name }) => name),
    );
    this.#wait(message, message.type === 'add' ? this.#prepare(message) : null);
  }

  /** Applies a message now if its frame is the next one, or else when its frame arrives. */
  #wait(message: TimedMessage & Stamp, slot: StageSlot<Stage> | null): void {
    if (message.at > this.#next) this.#schedule.add(message, slot);
    else this.#apply(message, slot);
  }

  /** @param slot the stage that an 'add' message adds */
  #apply(message: TimedMessage, slot: StageSlot<Stage> | null): void {
    switch (message.type) {
      case 'control':
        this.#stages.learners.get(message.learner)?.run(({ learner }) => {
          learner.control(message);
        });
        break;
      case 'add':
        this.#add(slot!);
        break;
      case 'remove':
        this.#remove(message.stage);
        break;
      case 'restart':
        this.#restart(message.stage);
        break;
      case 'feedback':
        this.#stages.detect?.run((stage) => {
          stage.feedback(message);
        });
    }
  }

  #prepare({ stage, weights, optimizer }: AddMessage): StageSlot<Stage> {
    const undo = this.#factory.take(stage, weights, optimizer);
    let slot: StageSlot<Stage> | undefined;
    try {
      slot = this.#factory.make(stageWithPowerLine(structuredClone(stage), defaultPowerLine), this.#next === 0);
      if (this.#channels > 0) this.#openerOf(slot.stage, this.#channels, this.#rate)();
      return slot;
    } catch (error) {
      undo();
      slot?.stage.close?.();
      throw error;
    }
  }

  #add(slot: StageSlot<Stage>): void {
    this.#stages.put(slot);
    this.#teachEarly(slot);
    this.#spec = withAdded(this.#spec, slot.spec);
  }

  #restart(name: StageName): void {
    const slot = this.#stages.find(name);
    if (!slot) return;
    slot.restart(this.#channels, this.#rate);
    this.#teachEarly(slot);
  }

  #remove(name: StageName): void {
    const slot = this.#stages.find(name);
    if (!slot) return;
    this.#stages.remove(slot);
    this.#spec = withoutStage(this.#spec, slot.spec);
  }
}

function runningStage({ name, stage, failure, initial }: StageSlot<Stage>): RunningStage {
  return { name, state: stage.save(), failure, network: stage.network ?? null, initial };
}

/** Returns a saved message with the optimizer of its learner, which is not saved, if its spec has none. */
function withOptimizer(message: AddMessage, optimizers: Readonly<Record<string, Optimizer>>): AddMessage {
  if (message.stage.kind !== 'learner' || message.stage.spec.optimizer) return message;
  return { ...message, optimizer: optimizers[message.stage.spec.name] };
}
