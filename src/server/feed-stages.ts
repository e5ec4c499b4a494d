import type { LateTargets } from '../core/learning/late-targets.ts';
import type { LearnerInfo, MapInfo } from '../protocol/stream-info.ts';
import type { LearnerHealth } from '../protocol/watch-message.ts';
import type { LearningRequest } from '../protocol/watch-request.ts';
import type { Allocation } from './detector-budget.ts';
import type { StageOutput } from './feed-output.ts';
import { planDetect, planLearner, type PlannedLearner, planMap, type SavedWeights } from './feed-plan.ts';
import type { FeedInfo, FeedSpec, LearnerSpec } from './feed-spec.ts';
import { freshNote } from './learner-key.ts';
import { LearnerNotes } from './learner-notes.ts';
import type { StageSetup } from './stage-setup.ts';
import type { ServerAlarms } from './server-alarms.ts';

/** Options of `FeedStages`. */
export interface FeedStagesOptions {
  /** False-alarm rate and reference period of detectors. */
  alarms: Pick<ServerAlarms, 'falseAlarms' | 'reference'>;
  /** Returns the saved weights of a learner. */
  savedWeights: (stream: string, learner: string) => SavedWeights | undefined;
  /** Returns whether viewers can remove a learner. Default: they cannot. */
  removable?: (stream: string, learner: string) => boolean;
}

/** A feed spec with the learners that were added to it. */
export interface ExtendedSpec extends FeedSpec {
  /** Names of the learners that were added to the designed ones. */
  readonly added: ReadonlySet<string>;
  /** Names of learners that were not added, because another learner has the same name. */
  readonly taken: ReadonlySet<string>;
}

/** The stages of a feed's pipeline, as they are planned from its spec and described to viewers. */
export class FeedStages {
  readonly #options: FeedStagesOptions;
  readonly #fail: (where: string, message: string) => void;
  #maps: MapInfo[] = [];
  readonly #learners = new Map<string, PlannedLearner>();
  /** All learners, also those that wait or cannot run: their target streams by name. */
  readonly #named = new Map<string, string | undefined>();
  /** Late targets by learner. */
  readonly #late = new Map<string, LateTargets>();
  /** Learners whose late targets `takeNotes` has returned. */
  readonly #lateTaken = new Set<string>();
  /** The frame from which on each learner obeys its last control, by index. */
  readonly #controlledAt = new Map<number, number>();
  #detects = false;
  /** What there is to say about learners, apart from late targets. */
  readonly notes: LearnerNotes = new LearnerNotes();

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
  plan(spec: ExtendedSpec, info: FeedInfo, targets: readonly FeedInfo[], allocation: Allocation): StageSetup[] {
    const detect = planDetect(spec, allocation, this.#options.alarms, info.rate);
    this.#detects = detect !== null;
    const maps = spec.maps.flatMap((map, index) => this.#try(map.name, () => planMap(map, index, info)) ?? []);
    this.#maps = maps.map((map) => map.info);
    this.noteTaken(spec);
    const learners = spec.learners.flatMap(
      (learner) => this.planLearner(learner, info, targets, spec.added.has(learner.name)) ?? [],
    );
    return [
      ...(detect ? [{ stage: { kind: 'detect' as const, spec: detect } }] : []),
      ...(spec.standardize ? [{ stage: { kind: 'standardize' as const, spec: spec.standardize } }] : []),
      ...maps.map(({ stage, weights, info: { index } }) => ({ stage, weights, map: index })),
      ...learners,
    ];
  }

  /**
   * Plans a learner. It has the index of an earlier learner with the same name, if any. Returns undefined if it cannot run
   * or waits for its target stream.
   * @param isAdded whether it was added to the designed learners; it then uses only saved weights of the same settings
   */
  planLearner(
    learner: LearnerSpec,
    info: FeedInfo,
    targets: readonly FeedInfo[],
    isAdded: boolean,
  ): StageSetup | undefined {
    const { name, target: targetName } = learner;
    this.#named.set(name, targetName);
    const target = targets.find((each) => each.name === targetName);
    if (targetName !== undefined && targetName !== info.name && !target) {
      this.notes.set(name, `waits for the stream ${targetName}`);
      return undefined;
    }
    const known = this.#learners.get(name)?.info.index;
    const index = known ?? 1 + Math.max(-1, ...this.learners.map((each) => each.index));
    const saved = this.#options.savedWeights(info.name, name);
    this.#forgetNotes(name);
    const planned = this.#try(name, () => {
      if (target) checkTarget(learner, info, target);
      return planLearner(learner, index, info, target, saved, isAdded);
    });
    if (!planned) {
      this.#learners.delete(name);
      return undefined;
    }
    if (planned.ignoresSaved) this.notes.set(name, freshNote);
    const { stage, weights, optimizer, kernels } = planned;
    const removable = this.#options.removable?.(info.name, name) ?? false;
    this.#learners.set(name, { ...planned, info: { ...planned.info, ...(removable && { added: true }) } });
    const reported = { index, kernels, ...(targetName !== undefined && { target: targetName }) };
    return { stage, weights, optimizer, learner: reported, ...(isAdded && { strict: true }) };
  }

  /** Notes the learners that were not added, because another learner has the same name. */
  noteTaken({ taken }: ExtendedSpec): void {
    for (const name of taken) this.notes.set(name, takenNote, 'name');
  }

  /** Notes the failure of a learner; other stages are ignored. */
  noteFailure(where: string, message: string): void {
    if (this.#named.has(where)) this.notes.set(where, `cannot run: ${message}`);
  }

  /** Notes that a learner does not use its saved weights. */
  noteFresh(name: string): void {
    this.notes.set(name, freshNote);
  }

  /** Updates the number of targets that a learner has ignored, because they arrived too late. */
  setLate(name: string, late: LateTargets): void {
    this.#late.set(name, late);
  }

  /** Returns the sentences for the log that have not been returned before; one per learner on late targets, whose number changes. */
  takeNotes(): string[] {
    const late = [...this.#late].filter(([name]) => !this.#lateTaken.has(name));
    for (const [name] of late) this.#lateTaken.add(name);
    return [...this.notes.takeNew(), ...late.map(([name, each]) => lateNote(name, each, this.#named.get(name)))];
  }

  /** The learners that wait for one of the streams for which `isMissing` returns true, or that have ignored late targets. */
  attention(isMissing: (stream: string) => boolean): Omit<LearnerHealth, 'stream'>[] {
    return [...this.#named].flatMap(([learner, target]) => {
      const late = this.#late.get(learner);
      const isWaiting = target !== undefined && isMissing(target);
      if (!late && !isWaiting) return [];
      return [{ learner, ...(isWaiting && { waitsFor: target }), ...(late && { late }) }];
    });
  }

  /** Removes a learner. */
  removeLearner(name: string): void {
    const removed = this.#learners.get(name);
    if (removed) this.#controlledAt.delete(removed.info.index);
    this.#learners.delete(name);
    this.#named.delete(name);
    this.#forgetNotes(name);
  }

  /** Whether there is a learner with this name, running or not. */
  hasLearner(name: string): boolean {
    return this.#named.has(name);
  }

  /** Whether a stream is the target of a learner, running or not. */
  wantsTarget(stream: string): boolean {
    return [...this.#named.values()].includes(stream);
  }

  /** Whether a stream is the target of a running learner. */
  isTarget(stream: string): boolean {
    return [...this.#learners.values()].some(({ target }) => target === stream);
  }

  /** Returns the description of the learner with an index, if any. */
  learner(index: number): LearnerInfo | undefined {
    return this.learners.find((learner) => learner.index === index);
  }

  /** Updates the description of a learner that a viewer controls from frame `at` on. */
  control(
    learner: LearnerInfo,
    { on, learningRate, step, act }: Pick<LearningRequest, 'on' | 'learningRate' | 'step' | 'act'>,
    at: number,
  ): void {
    this.#controlledAt.set(learner.index, at);
    learner.learning = act === 'freeze' ? false : act === 'unfreeze' ? true : (on ?? learner.learning);
    setLearningRate(learner, learningRate ?? step ?? learner.learningRate);
  }

  /** Updates the description of a learner from a report of the pipeline, unless the learner was controlled since then. */
  update({ learner: index, at, learningRate, learning }: StageOutput & { type: 'learningRate' }): void {
    const learner = this.learner(index);
    if (!learner || at <= (this.#controlledAt.get(index) ?? -1)) return;
    setLearningRate(learner, learningRate);
    learner.learning = learning ?? learner.learning;
  }

  /** Forgets all stages. */
  clear(): void {
    this.#detects = false;
    this.#maps = [];
    this.#learners.clear();
    this.#named.clear();
    this.#controlledAt.clear();
    this.#late.clear();
    this.notes.clear();
  }

  #forgetNotes(name: string): void {
    this.#late.delete(name);
    this.notes.delete(name);
  }

  #try<T>(where: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#fail(where, message);
      return undefined;
    }
  }
}

/** Throws unless a stream can be the target of a learner. */
function checkTarget({ name, target }: LearnerSpec, info: FeedInfo, { rate }: FeedInfo): void {
  if (rate === info.rate) return;
  const shown = (hz: number) => (hz > 0 ? `${hz} Hz` : 'an irregular rate');
  throw new RangeError(
    `rate of ${target}, the target stream of ${name}, must be ${shown(info.rate)}, the rate of this stream, got ${shown(rate)}`,
  );
}

function setLearningRate(learner: LearnerInfo, learningRate: number): void {
  learner.learningRate = learningRate;
  learner.step = learningRate;
}

/**
 * Adds learners to a designed feed. A designed learner has precedence over an added one of the same name, and of two added ones the
 * first.
 */
export function withAdded(spec: FeedSpec, added: readonly LearnerSpec[]): ExtendedSpec {
  const names = new Set(spec.learners.map(({ name }) => name));
  const taken = new Set<string>();
  const more = added.filter(({ name }) => {
    const isTaken = names.has(name);
    (isTaken ? taken : names).add(name);
    return !isTaken;
  });
  return { ...spec, learners: [...spec.learners, ...more], added: new Set(more.map(({ name }) => name)), taken };
}

const takenNote = 'was not added, because the stream has another learner of this name; choose another name';

function lateNote(learner: string, { count, delay, maxDelay }: LateTargets, target: string | undefined): string {
  const targets = `${count} target${count === 1 ? '' : 's'}`;
  return `learner ${learner} has skipped ${targets} of ${target} so far, which arrived up to ${delay} frames late; maxDelay is ${maxDelay} frames. Raise maxDelay. GET /healthz shows the current numbers.`;
}
