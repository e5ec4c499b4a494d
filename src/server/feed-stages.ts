import type { Weights } from '../core/network/weights.ts';
import type { LearnerInfo, MapInfo } from '../protocol/stream-info.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import type { Allocation } from './detector-budget.ts';
import type { StageOutput } from './feed-output.ts';
import { planDetect, planLearner, type PlannedLearner, planMap } from './feed-plan.ts';
import type { FeedInfo, FeedSpec, LearnerSpec } from './feed-spec.ts';
import type { StageSetup } from './pipeline-runner.ts';
import type { ServerAlarms } from './server-alarms.ts';

/** Options of `FeedStages`. */
export interface FeedStagesOptions {
  /** False-alarm rate and reference period of detectors. */
  alarms: Pick<ServerAlarms, 'falseAlarms' | 'reference'>;
  /** Returns the saved weights of a learner. */
  savedWeights: (stream: string, learner: string) => Weights | undefined;
}

/** The stages of a feed's pipeline, as they are planned from its spec and described to viewers. */
export class FeedStages {
  readonly #options: FeedStagesOptions;
  readonly #fail: (where: string, message: string) => void;
  #maps: MapInfo[] = [];
  readonly #learners = new Map<string, PlannedLearner>();
  #detects = false;

  /** @param fail is called for a stage that cannot run */
  constructor(options: FeedStagesOptions, fail: (where: string, message: string) => void) {
    this.#options = options;
    this.#fail = fail;
  }

  get maps(): MapInfo[] {
    return this.#maps;
  }

  get learners(): LearnerInfo[] {
    return Array.from(this.#learners.values(), ({ info }) => info);
  }

  /** Whether there is a detector. */
  get detects(): boolean {
    return this.#detects;
  }

  /**
   * Plans all stages.
   * @param targets connected target streams of the learners
   */
  plan(spec: FeedSpec, info: FeedInfo, targets: readonly FeedInfo[], allocation: Allocation): StageSetup[] {
    const detect = planDetect(spec, allocation, this.#options.alarms, info.rate);
    this.#detects = detect !== null;
    const maps = spec.maps.flatMap((map, index) => this.#try(map.name, () => planMap(map, index, info)) ?? []);
    this.#maps = maps.map((map) => map.info);
    const learners = spec.learners.flatMap((learner) => this.planLearner(learner, info, targets) ?? []);
    return [
      ...(detect ? [{ stage: { kind: 'detect' as const, spec: detect } }] : []),
      ...(spec.standardize ? [{ stage: { kind: 'standardize' as const, spec: spec.standardize } }] : []),
      ...maps.map(({ stage, weights, info: { index } }) => ({ stage, weights, map: index })),
      ...learners,
    ];
  }

  /**
   * Plans a learner. It has the index of an earlier learner with the same name, if any. Returns undefined if it cannot
   * run.
   */
  planLearner(learner: LearnerSpec, info: FeedInfo, targets: readonly FeedInfo[]): StageSetup | undefined {
    const { name } = learner;
    const index = this.#learners.get(name)?.info.index ?? this.#learners.size;
    const target = targets.find((each) => each.name === learner.target);
    const saved = this.#options.savedWeights(info.name, name);
    const planned = this.#try(name, () => planLearner(learner, index, info, target, saved));
    if (!planned) return undefined;
    this.#learners.set(name, planned);
    const { stage, weights, optimizer, kernels } = planned;
    return { stage, weights, optimizer, learner: { index, kernels } };
  }

  /** Whether a learner has a target stream. */
  isTarget(stream: string): boolean {
    return [...this.#learners.values()].some(({ target }) => target === stream);
  }

  /** Returns the description of the learner with an index, if any. */
  learner(index: number): LearnerInfo | undefined {
    return this.learners.find((learner) => learner.index === index);
  }

  /** Updates the description of a learner that a viewer controls. */
  control(learner: LearnerInfo, { on, learningRate, step, act }: LearningRequest): void {
    learner.learning = act === 'freeze' ? false : act === 'unfreeze' ? true : (on ?? learner.learning);
    setLearningRate(learner, learningRate ?? step ?? learner.learningRate);
  }

  /** Updates the description of a learner from a report of the pipeline. */
  update({ learner: index, learningRate, learning }: StageOutput & { type: 'learningRate' }): void {
    const learner = this.learner(index);
    if (!learner) return;
    setLearningRate(learner, learningRate);
    learner.learning = learning ?? learner.learning;
  }

  /** Forgets all stages. */
  clear(): void {
    this.#detects = false;
    this.#maps = [];
    this.#learners.clear();
  }

  #try<T>(where: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      this.#fail(where, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

function setLearningRate(learner: LearnerInfo, learningRate: number): void {
  learner.learningRate = learningRate;
  learner.step = learningRate;
}
