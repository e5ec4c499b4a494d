import { checkBlock, frameCount, type Block } from '../blocks/block.ts';
import { cutBlock } from '../blocks/cut-block.ts';
import { GapFiller } from '../blocks/gap-filler.ts';
import { invalid } from '../check.ts';
import type { Detected } from '../detector/detector.ts';
import type { MakeTransform } from '../layers/convolution/transform.ts';
import type { Learned } from '../learning/learned.ts';
import type { Learner } from '../learning/learner.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import { Network } from '../network/network.ts';
import type { NetworkSpec } from '../network/network-spec.ts';
import { hashNetwork } from '../network/weights-hash.ts';
import type { WeightsLike } from '../network/weights.ts';
import { DetectStage } from './detect-stage.ts';
import { LearnerStage } from './learner-stage.ts';
import { MapStage } from './map-stage.ts';
import {
  checkPipelineMessage,
  type AddMessage,
  type PipelineMessage,
  type TargetsMessage,
  type TimedMessage,
} from './pipeline-message.ts';
import {
  checkSpec,
  stageName,
  stagesOf,
  type LearnerStageSpec,
  type MapStageSpec,
  type PipelineSpec,
  type StageSpec,
} from './pipeline-spec.ts';
import { type SavedPipeline, type SavedStage, readPipeline, writePipeline } from './saved-pipeline.ts';
import { StageSlot, type Stage, type StageFailure } from './stage-slot.ts';
import { StandardizeStage } from './standardize-stage.ts';
import { stageWithPowerLine, withAdded, withoutStage, withPowerLine } from './spec-change.ts';

/** Power-line frequency of learners whose spec has none, in Hz. */
const defaultPowerLine = 50;

/** What is handed over beside the spec. */
export interface PipelineOptions {
  /**
   * Weights by content hash, for stages whose spec names them. A network is not copied for a feature map, so that
   * pipelines can share it; a learner trains a copy.
   */
  weights?: Readonly<Record<string, Network | WeightsLike>>;
  /** Network of the feature map 'features'. It is not copied. Default: a new network, initialized from `seed`. */
  network?: Network;
  /** Initial network of the learner 'learner', which trains a copy. Default: a new network, initialized from `seed`. */
  learner?: Network;
  /** Optimizers that are not plain JSON, by the name of their learner. */
  optimizers?: Readonly<Record<string, Optimizer>>;
  /**
   * Pipeline of an earlier run of the stream: learners start with its weights, and the detector with what it learned. It
   * must not be used afterward.
   */
  earlier?: Pipeline;
  /** Seed of the initial weights. Default 1. */
  seed?: number;
  /**
   * Channels and rate of the stream, if they are known before the first block: stages that do not fit are then rejected at
   * once.
   */
  shape?: Pick<Block, 'channels' | 'rate'>;
  /** Creates the Fourier transform of feature maps with long kernels. See `StreamOptions`. */
  fft?: MakeTransform;
}

/** The frame from which a message applies. */
export interface Stamp {
  /** Absolute index of the frame. */
  at: number;
}

/** Result of some frames, or of the gap before them: one part per stage. */
export interface PipelineOutput {
  /** Input frames, with filled gaps, in their original unit. */
  readonly raw: Block;
  /** The same frames, standardized; `raw` if standardization is off or has failed. */
  readonly block: Block;
  /** What the detector found; null if there is none, or no frame of its digest was completed. */
  readonly detected: Detected | null;
  /** Outputs of every feature map, by name; null if no output is aligned with these frames. */
  readonly maps: Readonly<Record<string, Block | null>>;
  /** Result of every learner, by name. */
  readonly learners: Readonly<Record<string, Learned>>;
  /** Outputs of the feature map 'features'; null if there are none. */
  readonly features: Block | null;
  /** Result of the learner 'learner'; null if there is none. */
  readonly learned: Learned | null;
  /** Stages that have failed since the last output. They have no part in this output and in later ones. */
  readonly failures: readonly StageFailure[];
}

/**
 * The processing chain of one stream:
 *
 *     blocks → fill gaps ─┬→ digest → detector ──────────────────┐ flags
 *                         └→ standardize ─┬→ feature maps        │
 *                                         └→ learners ← targets ←┘
 *
 * It is created from a spec, fed with messages, and saved and restored as a whole. The result does not depend on how the
 * stream is split into blocks, and a restored pipeline returns the same bits as one that was never stopped.
 *
 * The detector reads the signal in its original unit: it scales by itself, and a standardizer would soon absorb a level
 * shift. It treats filled frames as missing, regardless of the fill policy. Learners skip the frames that it flags. With
 * a digest, a flag applies from the last frame of its digest frame on.
 *
 * A stage that throws is off until it is restarted; the other stages continue.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  /** Weights that the specs of stages name, by content hash. */
  readonly #weights: Record<string, Network | WeightsLike>;
  /** Optimizers that are not plain JSON, by the name of their learner. */
  readonly #optimizers: Map<string, Optimizer>;
  readonly #gaps: GapFiller;
  #spec: PipelineSpec;
  #detect: StageSlot<DetectStage> | null = null;
  #standardize: StageSlot<StandardizeStage> | null = null;
  readonly #maps = new Map<string, StageSlot<MapStage>>();
  readonly #learners = new Map<string, StageSlot<LearnerStage>>();
  /** Messages that apply later, by the frame from which they apply. */
  #waiting: (TimedMessage & Stamp)[] = [];
  /** Stages of waiting 'add' messages. */
  readonly #prepared = new Map<TimedMessage, StageSlot<Stage>>();
  #reported: ReadonlySet<StageFailure> = new Set();
  #channels = 0;
  #rate = 0;
  #next = 0;

  private constructor(spec: PipelineSpec, options: PipelineOptions, saved?: SavedPipeline) {
    if (!saved) checkSpec(spec);
    this.#options = options;
    this.#weights = { ...options.weights };
    this.#optimizers = new Map(Object.entries(options.optimizers ?? {}));
    this.#spec = withPowerLine(structuredClone(spec), defaultPowerLine);
    this.#gaps = new GapFiller(spec.gaps);
    for (const stage of stagesOf(this.#spec)) this.#install(this.#slotOf(stage, saved?.stages.get(stageName(stage))));
    if (options.shape) this.#open(options.shape);
  }

  /**
   * Creates a pipeline at the start of a stream.
   * @throws an error that names the invalid part of the spec
   */
  static create(spec: PipelineSpec, options: PipelineOptions = {}): Pipeline {
    return new Pipeline(spec, options);
  }

  /**
   * Restores a pipeline that `save` returned, with its weights, optimizers, and state.
   * @param options optimizers and transforms that are not plain JSON are not saved and must be given again; feature maps
   * share the networks in `weights` if they still have the same weights
   * @throws if the bytes are truncated, not a saved pipeline, or from a newer version
   */
  static restore(
    bytes: Uint8Array,
    { weights, optimizers, fft }: Pick<PipelineOptions, 'weights' | 'optimizers' | 'fft'> = {},
  ): Pipeline {
    const saved = readPipeline(bytes);
    const options = { weights: { ...saved.weights, ...weights }, optimizers, fft, seed: saved.seed };
    const pipeline = new Pipeline(saved.spec, options, saved);
    pipeline.#restore(saved);
    return pipeline;
  }

  /** Spec of the pipeline, with the stages that were added and without those that were removed. */
  get spec(): PipelineSpec {
    return this.#spec;
  }

  /** Number of channels per frame; 0 before the first block, unless it was given. */
  get channels(): number {
    return this.#channels;
  }

  /** Sampling rate in Hz; 0 = irregular, or before the first block, unless it was given. */
  get rate(): number {
    return this.#rate;
  }

  /** Absolute index of the next frame. */
  get next(): number {
    return this.#next;
  }

  /** Network of the feature map 'features'; null if there is none. You can replace its weights at any time. */
  get network(): Network | null {
    return this.#maps.get('features')?.stage.network ?? null;
  }

  /** The learner 'learner', with its network and its optimizer; null if there is none. */
  get learner(): Learner | null {
    return this.learnerOf('learner');
  }

  /** Stages that have failed, in the order of the chain. */
  get failures(): StageFailure[] {
    return this.#slots().flatMap(({ failure }) => failure ?? []);
  }

  /** Names of the learners. */
  get learners(): string[] {
    return [...this.#learners.keys()];
  }

  /** Returns the learner of a name; null if there is none. */
  learnerOf(name: string): Learner | null {
    return this.#learners.get(name)?.stage.learner ?? null;
  }

  /** Processes a block. Short for `handle({ type: 'block', block })`. */
  push(block: Block): PipelineOutput[] {
    checkBlock(block);
    this.#open(block);
    const outputs: PipelineOutput[] = [];
    const pieces = this.#gaps.push(block);
    for (let i = 0; i < pieces.length; i++) this.#processUpTo(pieces[i], i < pieces.length - 1, outputs);
    return outputs;
  }

  /** Adds targets. Short for `handle({ type: 'targets', from, block })`. */
  teach(block: Block, from = ''): void {
    this.#teach({ type: 'targets', from, block });
  }

  /**
   * Processes a message. A block returns one output for it, preceded by one for the filled gap if there is one, and
   * divided where a waiting message applies; frames that were already processed return nothing. Other messages apply
   * from their frame on, and return nothing.
   * @throws an error that names the invalid field; nothing has changed then
   */
  handle(message: PipelineMessage): PipelineOutput[] {
    checkPipelineMessage(message);
    if (message.type === 'block') return this.push(message.block);
    if (message.type === 'targets') this.#teach(message);
    else this.#schedule(this.stamp(message));
    return [];
  }

  /** Returns a message with the frame from which it applies, so that it can be recorded: the next frame or a later one. */
  stamp<M extends TimedMessage>(message: M): M & Stamp {
    return { ...message, at: Math.max(message.at ?? 0, this.#next) };
  }

  /** Returns the last outputs of modes 'same' and 'full' of a feature map after the source has ended, or null. */
  flush(map = 'features'): Block | null {
    return this.#maps.get(map)?.run((stage) => stage.flush()) ?? null;
  }

  /** Releases the memory of its streams. The pipeline cannot be used after that. */
  close(): void {
    for (const { stage } of this.#slots()) stage.close?.();
  }

  /**
   * Returns the complete state as one safetensors file: weights, each stored once, optimizers, delay lines, pending
   * gradients and targets, indexes, statistics, and waiting messages.
   */
  save(): Uint8Array {
    const stages = this.#slots().map((slot) => ({
      name: slot.name,
      state: slot.stage.save(),
      failure: slot.failure,
      network: networkOf(slot.stage),
    }));
    return writePipeline({
      spec: this.#spec,
      seed: this.#options.seed ?? 1,
      channels: this.#channels,
      rate: this.#rate,
      next: this.#next,
      gaps: this.#gaps.save(),
      stages,
      waiting: this.#waiting,
      given: this.#weights,
    });
  }

  #restore(saved: SavedPipeline): void {
    this.#channels = saved.channels;
    this.#rate = saved.rate;
    this.#next = saved.next;
    this.#gaps.restore(saved.gaps);
    for (const slot of this.#slots()) {
      const stage = saved.stages.get(slot.name);
      if (!stage) continue;
      if (this.#channels > 0) slot.stage.open(this.#channels, this.#rate);
      slot.stage.restore(stage.state);
      slot.failure = stage.failure;
    }
    this.#reported = new Set(this.failures);
    for (const message of saved.waiting) this.#schedule(message);
  }

  /** Opens all stages for the shape of the first block. Throws if a stage, or a later block, does not fit. */
  #open({ channels, rate }: Pick<Block, 'channels' | 'rate'>): void {
    if (this.#channels > 0) {
      if (channels !== this.#channels) throw invalid('block.channels', `${this.#channels}, as before`, channels);
      if (rate !== this.#rate) throw invalid('block.rate', `${this.#rate} Hz, as before`, rate);
      return;
    }
    for (const { stage } of [...this.#slots(), ...this.#prepared.values()]) this.#openStage(stage, channels, rate);
    [this.#channels, this.#rate] = [channels, rate];
  }

  /** Opens a stage. At the start of a run, the detector takes over what that of the earlier run has learned. */
  #openStage(stage: Stage, channels: number, rate: number): void {
    const { earlier } = this.#options;
    const before = this.#next === 0 && earlier ? earlier.#detect : null;
    if (stage instanceof DetectStage) stage.open(channels, rate, before?.stage);
    else stage.open(channels, rate);
  }

  /** Processes frames, divided where waiting messages apply. */
  #processUpTo(block: Block, filled: boolean, outputs: PipelineOutput[]): void {
    const end = block.start + frameCount(block);
    let rest = block;
    while (this.#waiting.length > 0 && this.#waiting[0].at < end) {
      const { at } = this.#waiting[0];
      if (at > rest.start) {
        this.#process(cutBlock(rest, rest.start, at - rest.start), filled, outputs);
        rest = cutBlock(rest, at);
      }
      this.#apply(this.#waiting.shift()!);
    }
    this.#process(rest, filled, outputs);
  }

  #process(raw: Block, filled: boolean, outputs: PipelineOutput[]): void {
    const found = this.#detect?.run((stage) => stage.push(raw));
    const detected = found?.detected ?? [];
    // a digest frame that a gap ended belongs to the gap
    for (let i = 0; i < detected.length - 1; i++) outputs.push(this.#gapOutput(raw, detected[i]));
    const standard = this.#standardize ? this.#standardize.run((stage) => stage.push(raw)) : raw;
    const maps: Record<string, Block | null> = {};
    for (const [name, slot] of this.#maps) {
      const input = inputOf(slot, raw, standard);
      maps[name] = input && slot.run((stage) => stage.push(input));
    }
    const learners: Record<string, Learned> = {};
    for (const [name, slot] of this.#learners) {
      const input = inputOf(slot, raw, standard);
      const learned = input && slot.run((stage) => stage.push(input, found?.alarmed, filled));
      if (learned) learners[name] = learned;
    }
    this.#next = raw.start + frameCount(raw);
    outputs.push({
      raw,
      block: standard ?? raw,
      detected: detected.at(-1) ?? null,
      maps,
      learners,
      features: maps.features ?? null,
      learned: (learners as Partial<typeof learners>).learner ?? null,
      failures: this.#newFailures(),
    });
  }

  #gapOutput(next: Block, detected: Detected): PipelineOutput {
    const raw = cutBlock(next, next.start, 0);
    return { raw, block: raw, detected, maps: {}, learners: {}, features: null, learned: null, failures: [] };
  }

  #newFailures(): StageFailure[] {
    const failures = this.failures;
    if (failures.length === 0 && this.#reported.size === 0) return failures;
    const reported = this.#reported;
    this.#reported = new Set(failures);
    return failures.filter((failure) => !reported.has(failure));
  }

  #teach({ from = '', block }: TargetsMessage): void {
    checkBlock(block);
    const taught = [...this.#learners.values()].filter(({ stage }) => stage.target === from);
    if (taught.length === 0) throw invalid('from', 'the target of a learner', from, TypeError);
    for (const { stage } of taught) {
      const { outChannels } = stage.learner.network;
      if (block.channels !== outChannels) throw invalid('channels of a target block', `${outChannels}`, block.channels);
    }
    for (const slot of taught) slot.run((stage) => stage.learner.teach(block));
  }

  /** Applies a message now if its frame is the next one, or else when its frame arrives. */
  #schedule(message: TimedMessage & Stamp): void {
    this.#check(message);
    if (message.type === 'add') this.#prepared.set(message, this.#prepare(message));
    if (message.at > this.#next) {
      const place = this.#waiting.findIndex(({ at }) => at > message.at);
      this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, message);
    } else this.#apply(message);
  }

  /** Throws unless the stage of a message exists, or will exist. */
  #check(message: TimedMessage): void {
    if (message.type === 'add') return;
    const added = [...this.#prepared.values()].map(({ name }) => name);
    const names = [...this.#slots().map(({ name }) => name), ...added];
    if (message.type === 'control') {
      const name = `learner ${message.learner}`;
      if (!names.includes(name)) throw invalid('learner', oneOfNames(names, 'learner '), message.learner);
    } else {
      const stage = message.type === 'feedback' ? 'detect' : message.stage;
      if (!names.includes(stage)) throw invalid('stage', oneOfNames(names, ''), stage);
    }
  }

  #apply(message: TimedMessage): void {
    switch (message.type) {
      case 'control':
        this.#learners.get(message.learner)?.run(({ learner }) => {
          learner.control(message);
        });
        break;
      case 'add':
        this.#add(message);
        break;
      case 'remove':
        this.#remove(message.stage);
        break;
      case 'restart':
        this.#slots()
          .find(({ name }) => name === message.stage)
          ?.restart(this.#channels, this.#rate);
        break;
      case 'feedback':
        this.#detect?.run((stage) => {
          stage.feedback(message);
        });
    }
  }

  #prepare({ stage, weights, optimizer }: AddMessage): StageSlot<Stage> {
    Object.assign(this.#weights, weights);
    if (stage.kind === 'learner' && optimizer) this.#optimizers.set(stage.spec.name, optimizer);
    const slot = this.#slotOf(stageWithPowerLine(structuredClone(stage), defaultPowerLine));
    if (this.#channels > 0) this.#openStage(slot.stage, this.#channels, this.#rate);
    return slot;
  }

  #add(message: AddMessage): void {
    const slot = this.#prepared.get(message)!;
    this.#prepared.delete(message);
    this.#install(slot);
    this.#spec = withAdded(this.#spec, slot.spec);
  }

  #install(slot: StageSlot<Stage>): void {
    const { spec } = slot;
    if (spec.kind === 'detect') this.#detect = replaced(this.#detect, slot as StageSlot<DetectStage>);
    else if (spec.kind === 'standardize')
      this.#standardize = replaced(this.#standardize, slot as StageSlot<StandardizeStage>);
    else if (spec.kind === 'map') {
      const { name } = spec.spec;
      this.#maps.set(name, replaced(this.#maps.get(name), slot as StageSlot<MapStage>));
    } else {
      const { name } = spec.spec;
      this.#learners.set(name, replaced(this.#learners.get(name), slot as StageSlot<LearnerStage>));
    }
  }

  #remove(name: string): void {
    const slot = this.#slots().find((each) => each.name === name);
    if (!slot) return;
    slot.stage.close?.();
    if (slot === this.#detect) this.#detect = null;
    else if (slot === this.#standardize) this.#standardize = null;
    for (const slots of [this.#maps, this.#learners])
      for (const [key, each] of slots) if (each === slot) slots.delete(key);
    this.#spec = withoutStage(this.#spec, slot.spec);
  }

  /** @param saved state of the stage, whose network starts with the saved weights */
  #slotOf(stage: StageSpec, saved?: SavedStage): StageSlot<Stage> {
    const { fft } = this.#options;
    switch (stage.kind) {
      case 'detect':
        return new StageSlot(stage, () => new DetectStage(stage.spec));
      case 'standardize':
        return new StageSlot(stage, () => new StandardizeStage(stage.spec));
      case 'map': {
        const network = saved ? this.#savedNetwork(stage.spec, saved) : this.#mapNetwork(stage.spec);
        return new StageSlot(stage, () => new MapStage(stage.spec, network, fft));
      }
      case 'learner': {
        const { spec } = stage;
        const optimizer = this.#optimizers.get(spec.name);
        const initial = this.#learnerNetwork(spec);
        const make = (network: Network) => new LearnerStage(spec, network, optimizer);
        const restored = saved?.weights && make(Network.create(spec.network, { weights: saved.weights }));
        return new StageSlot(stage, () => make(initial()), restored);
      }
    }
  }

  /** Returns the network of a feature map with its saved weights: one that was handed over, if it has the same. */
  #savedNetwork({ network }: MapStageSpec, { hash, weights }: SavedStage): Network {
    const given = Object.hasOwn(this.#weights, hash) ? this.#weights[hash] : undefined;
    if (given instanceof Network && hashNetwork(given) === hash && isEqual(given.spec, network)) return given;
    return Network.create(network, { weights });
  }

  #mapNetwork(spec: MapStageSpec): Network {
    const { network, seed = 1 } = this.#options;
    if (spec.name === 'features' && network) return network;
    const given = this.#given(spec);
    if (given instanceof Network) return given;
    return Network.create(spec.network, given ? { weights: given } : { seed });
  }

  /** Returns a function that creates the initial network of a learner. */
  #learnerNetwork(spec: LearnerStageSpec): () => Network {
    const { learner, earlier, seed = 1 } = this.#options;
    const given = spec.name === 'learner' && learner ? learner : this.#given(spec);
    const before = earlier?.learnerOf(spec.name)?.network;
    const inherited = before && isEqual(before.spec, spec.network) ? before.weights() : undefined;
    const weights = inherited ?? given;
    return () => {
      if (weights instanceof Network) return weights.clone();
      return Network.create(spec.network, weights ? { weights } : { seed, zeroOutput: true });
    };
  }

  /** Returns the network or the weights that the spec of a stage names, if it names any. */
  #given({ name, network, weights: hash }: MapStageSpec): Network | WeightsLike | undefined {
    if (hash === undefined) return undefined;
    if (!Object.hasOwn(this.#weights, hash))
      throw invalid(`weights of ${name}`, 'handed over beside the spec', hash, TypeError);
    const given = this.#weights[hash];
    if (!(given instanceof Network) || isEqual(given.spec, network)) return given;
    return given.weights();
  }

  /** All stages in the order in which a frame passes them. */
  #slots(): StageSlot<Stage>[] {
    return [this.#detect, this.#standardize, ...this.#maps.values(), ...this.#learners.values()].filter(
      (slot) => slot !== null,
    );
  }
}

/** Returns the new slot, and closes the one before. */
function replaced<T extends Stage>(before: StageSlot<T> | null | undefined, slot: StageSlot<T>): StageSlot<T> {
  before?.stage.close?.();
  return slot;
}

function inputOf({ spec }: StageSlot<Stage>, raw: Block, standard: Block | null): Block | null {
  return 'on' in spec.spec && spec.spec.on === 'raw' ? raw : standard;
}

function isEqual(one: NetworkSpec, other: NetworkSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function networkOf(stage: Stage): Network | null {
  if (stage instanceof MapStage) return stage.network;
  return stage instanceof LearnerStage ? stage.learner.network : null;
}

function oneOfNames(names: readonly string[], prefix: string): string {
  const known = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return known.length > 0 ? `one of ${known.join(', ')}` : 'a stage of the pipeline';
}
