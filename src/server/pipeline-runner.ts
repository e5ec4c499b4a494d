import type { Block } from '../core/blocks/block.ts';
import type { GapFillerOptions } from '../core/blocks/gap-filler.ts';
import type { LateTargets } from '../core/learning/late-targets.ts';
import { scoreMetadata } from '../core/learning/score-metadata.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { hashNetwork } from '../core/network/weights-hash.ts';
import type { Weights } from '../core/network/weights.ts';
import type { PipelineOutput } from '../core/pipeline/pipeline-output.ts';
import { Pipeline, type PipelineOptions } from '../core/pipeline/pipeline.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import { type LearnerStageSpec, stageName } from '../core/pipeline/pipeline-spec.ts';
import type { StageFailure } from '../core/pipeline/stage-slot.ts';
import type { StageOutput } from './feed-output.ts';
import { learnerKey } from './learner-key.ts';
import { StageReports } from './stage-reports.ts';
import type { StageSetup } from './stage-setup.ts';

/** Maximum number of different errors of rejected messages that are remembered. */
const maxRejected = 64;

/** Settings of the pipeline of one run of a stream. */
export interface PipelineSetup {
  readonly channels: number;
  readonly rate: number;
  readonly gaps: GapFillerOptions;
  readonly stages: readonly StageSetup[];
  /**
   * Names of all learners, also of those that are added later. Restored learners without a target stream and of other names
   * are removed. Default: all are kept.
   */
  readonly learners?: readonly string[];
  /**
   * Saved pipeline with the same stages. `use`: 'continue' = continue its run; 'learned' = start a new run with its
   * learned weights and the learned state of its detector.
   */
  readonly saved?: { readonly bytes: Uint8Array; readonly use: 'continue' | 'learned' };
  /**
   * Whether the channels are the same as in the previous run, so that the detector can use its learned state. Default
   * true.
   */
  readonly sameChannels?: boolean;
}

/** Weights of a learner, and the spec of its network. */
export interface LearnedWeights {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  /** Metadata of the weights file: the scores as JSON. */
  readonly score?: string;
  /** Whether the weights are still the initial ones. */
  readonly untrained?: boolean;
  /** Settings of the learner (`learnerKey`). */
  readonly key?: string;
}

/**
 * Runs the pipeline of a feed, with a new pipeline for each run, and returns its outputs. A failed stage is reported
 * once.
 */
export class PipelineRunner {
  #pipeline: Pipeline | null = null;
  #reports = new StageReports(0);
  /** Stages whose failures have been reported. */
  #failed: ReadonlySet<string> = new Set();
  /**
   * Names of the learners that were restored to continue their run, and for which no `StageSetup` has been given yet.
   */
  #restored = new Set<string>();
  /** Errors of rejected messages in this run, each of which is reported once. */
  readonly #rejected = new Set<string>();
  readonly #lateOf = (name: string): LateTargets | undefined => this.#pipeline?.learnerOf(name)?.late;

  /**
   * Starts a run. Learners and the detector start with what they learned in the previous run. If the pipeline cannot be
   * created, returns a 'broken' output; nothing is processed then.
   */
  open(setup: PipelineSetup): StageOutput[] {
    const outputs: StageOutput[] = [];
    const before = this.#pipeline;
    this.#pipeline = null;
    this.#reports = new StageReports(setup.rate);
    this.#failed = new Set();
    this.#rejected.clear();
    this.#restored = new Set();
    try {
      this.#start(setup, before, outputs);
    } catch (error) {
      outputs.push({ type: 'broken', where: 'pipeline', message: messageOf(error) });
    }
    before?.close();
    return [...outputs, ...this.#newFailures()];
  }

  #start(setup: PipelineSetup, before: Pipeline | null, outputs: StageOutput[]): void {
    const { channels, rate, gaps, stages, learners, saved, sameChannels = true } = setup;
    const restored = saved && this.#restore(saved.bytes, stages, outputs);
    if (!sameChannels && before?.spec.detect) before.handle({ type: 'remove', stage: 'detect' });
    for (const earlier of [restored, before]) if (earlier) outputs.push(...withoutOthers(earlier, stages));
    if (restored && saved.use === 'continue') {
      if (learners) withoutRemoved(restored, learners);
      this.#pipeline = restored;
      this.#restored = new Set(restored.learners);
      for (const stage of stages) outputs.push(...(this.#keep(stage) ?? this.add(stage)));
      return;
    }
    this.#pipeline = Pipeline.create({ gaps }, { earlier: restored ?? before ?? undefined, shape: { channels, rate } });
    for (const stage of stages) outputs.push(...this.add(stage));
    restored?.close();
  }

  /**
   * Adds a stage, or replaces the stage with the same name; a learner that replaces one with the same network starts with
   * its weights. If that is impossible, returns a 'broken' output.
   * @param keep do not replace a learner with the same name that was restored to continue its run
   */
  add(setup: StageSetup, keep = false): StageOutput[] {
    const { optimizer } = setup;
    try {
      if (setup.replayed === 'new') this.#withdraw(setup);
      const kept = keep ? this.#keep(setup) : undefined;
      if (kept) {
        this.#willBeSetUp(setup);
        return kept;
      }
      const pipeline = this.#pipeline;
      const others = keep && pipeline ? withoutOthers(pipeline, [setup]) : [];
      const { stage, weights } = this.#withLearned(setup);
      pipeline?.handle({ type: 'add', stage, weights, optimizer });
      this.#describe(setup);
      this.#willBeSetUp(setup);
      return others;
    } catch (error) {
      return [brokenStage({ stage: stageName(setup.stage), message: messageOf(error) })];
    }
  }

  /** Removes a learner that was set up before its time, because it is known that it is added later. */
  #withdraw({ stage }: StageSetup): void {
    if (stage.kind !== 'learner' || !this.#pipeline?.learnerOf(stage.spec.name)) return;
    this.#pipeline.handle({ type: 'remove', stage: stageName(stage) });
    this.#restored.delete(stage.spec.name);
  }

  /** Notes that a learner that is added again is kept when its target stream connects. */
  #willBeSetUp({ stage, replayed, learner }: StageSetup): void {
    if (replayed && stage.kind === 'learner' && !learner) this.#restored.add(stage.spec.name);
  }

  /** Gives a learner the weights of the one that it replaces. */
  #withLearned(setup: StageSetup): StageSetup {
    const { stage } = setup;
    const network = stage.kind === 'learner' ? this.#pipeline?.learnerOf(stage.spec.name)?.network : undefined;
    if (!network || stage.kind !== 'learner' || JSON.stringify(network.spec) !== JSON.stringify(stage.spec.network))
      return setup;
    const hash = hashNetwork(network);
    const spec = { ...stage.spec, weights: hash };
    return { ...setup, stage: { ...stage, spec }, weights: { [hash]: network.weights() } };
  }

  /** Processes a message and returns the outputs. For an invalid message, it returns a 'broken' output. */
  handle(message: PipelineMessage): StageOutput[] {
    try {
      const outputs = this.#reported(this.#pipeline?.handle(message) ?? []);
      if (message.type === 'targets') outputs.push(...this.#reports.lateTargets(message.from ?? '', this.#lateOf));
      return outputs;
    } catch (error) {
      return this.#reject(message.type, error);
    }
  }

  /**
   * Processes a block in slices of at most `maxFrames` frames, filled frames included, and returns the outputs and the number of
   * frames of each. For an invalid block, it returns a 'broken' output.
   */
  *push(block: Block, maxFrames: number): Generator<{ outputs: StageOutput[]; count: number }, void, void> {
    try {
      let next = this.#pipeline?.next ?? 0;
      for (const outputs of this.#pipeline?.pushInSlices(block, maxFrames) ?? []) {
        const before = next;
        next = this.#pipeline?.next ?? 0;
        yield { outputs: this.#reported(outputs), count: Math.min(maxFrames, next - before) };
      }
    } catch (error) {
      yield { outputs: this.#reject('block', error), count: 1 };
    }
  }

  #reported(outputs: readonly PipelineOutput[]): StageOutput[] {
    return [...outputs.flatMap((output) => this.#reports.of(output)), ...this.#newFailures()];
  }

  #reject(where: string, error: unknown): StageOutput[] {
    const text = messageOf(error);
    const isReported = this.#rejected.has(text) || this.#rejected.size >= maxRejected;
    if (!isReported) this.#rejected.add(text);
    return isReported ? [] : [{ type: 'broken', where, message: text }];
  }

  /** Returns the complete state; undefined if there is no pipeline, because it could not be created. */
  save(): Uint8Array | undefined {
    return this.#pipeline?.save();
  }

  /** Returns the weights to serve of every learner, by name. */
  learned(): Map<string, LearnedWeights> {
    const pipeline = this.#pipeline;
    const specs = new Map(pipeline?.spec.learners?.map((spec) => [spec.name, spec]));
    const learned = [...this.#reports.learners.keys()].flatMap((name): [string, LearnedWeights][] => {
      const [learner, spec] = [pipeline?.learnerOf(name), specs.get(name)];
      if (!learner || !spec) return [];
      const { network, untrained } = learner;
      const score = scoreMetadata(learner.score, learner.served);
      return [[name, { spec: network.spec, weights: learner.weights(), key: learnerKey(spec), score, untrained }]];
    });
    return new Map(learned);
  }

  close(): void {
    this.#pipeline?.close();
    this.#pipeline = null;
  }

  #restore(bytes: Uint8Array, stages: readonly StageSetup[], outputs: StageOutput[]): Pipeline | undefined {
    const optimizers = Object.fromEntries(
      stages.flatMap(({ stage, optimizer }) =>
        stage.kind === 'learner' && optimizer ? [[stage.spec.name, optimizer]] : [],
      ),
    );
    try {
      const weights = Object.assign({}, ...stages.map((stage) => stage.weights)) as PipelineOptions['weights'];
      return Pipeline.restore(bytes, { optimizers, weights });
    } catch (error) {
      outputs.push({ type: 'broken', where: 'saved state', message: messageOf(error) });
      return undefined;
    }
  }

  /** Uses the restored stage instead of a new one. Returns undefined if there is no such stage. */
  #keep(setup: StageSetup): StageOutput[] | undefined {
    const { stage, learner: reported } = setup;
    if (stage.kind !== 'learner') {
      this.#describe(setup);
      return [];
    }
    const { name } = stage.spec;
    const restored = this.#pipeline?.spec.learners?.find((spec) => spec.name === name);
    if (!restored || !isSimilar(restored, stage.spec) || !this.#restored.delete(name)) return undefined;
    this.#describe(setup);
    const pipeline = this.#pipeline;
    const learner = pipeline?.learnerOf(name);
    if (!pipeline || !learner || !reported) return [];
    const { learning, optimizer } = learner;
    const { learningRate } = optimizer;
    return [{ type: 'learningRate', learner: reported.index, at: pipeline.next, learningRate, learning }];
  }

  #describe({ stage, map, learner }: StageSetup): void {
    if (stage.kind === 'map' && map !== undefined) this.#reports.maps.set(stage.spec.name, map);
    if (stage.kind === 'learner' && learner) this.#reports.learners.set(stage.spec.name, learner);
  }

  #newFailures(): StageOutput[] {
    const failures = this.#pipeline?.failures ?? [];
    if (failures.length === 0 && this.#failed.size === 0) return [];
    const failed = this.#failed;
    this.#failed = new Set(failures.map(({ stage }) => stage));
    return failures.filter(({ stage }) => !failed.has(stage)).map(brokenStage);
  }
}

/**
 * Removes the strict learners among `stages` from an earlier pipeline that have other settings in it, so that their weights are
 * not used. Returns an output for each.
 */
function withoutOthers(pipeline: Pipeline, stages: readonly StageSetup[]): StageOutput[] {
  return stages.flatMap(({ stage, strict }): StageOutput[] => {
    if (!strict || stage.kind !== 'learner') return [];
    const { name } = stage.spec;
    const earlier = pipeline.spec.learners?.find((spec) => spec.name === name);
    if (!earlier || learnerKey(earlier) === learnerKey(stage.spec)) return [];
    pipeline.handle({ type: 'remove', stage: stageName(stage) });
    return [{ type: 'fresh', learner: name }];
  });
}

/** Removes the learners of a restored pipeline that are neither in `names` nor wait for a target stream. */
function withoutRemoved(pipeline: Pipeline, names: readonly string[]): void {
  const { learners = [] } = pipeline.spec;
  for (const spec of learners)
    if (spec.target === undefined && !names.includes(spec.name))
      pipeline.handle({ type: 'remove', stage: stageName({ kind: 'learner', spec }) });
}

/** Returns whether two learners read the same channels, learn the same target, and have the same network. */
function isSimilar(one: LearnerStageSpec, other: LearnerStageSpec): boolean {
  const shape = ({ network, task, target, channels }: LearnerStageSpec) =>
    JSON.stringify([network, task, target, channels]);
  return shape(one) === shape(other);
}

function brokenStage({ stage, message }: StageFailure): StageOutput {
  return { type: 'broken', where: stage.replace(/^(map|learner) /, ''), message };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
