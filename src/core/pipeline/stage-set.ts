import type { Block } from '../blocks/block.ts';
import type { Learned } from '../learning/learned.ts';
import type { Network } from '../network/network.ts';
import type { DetectStage } from './detect-stage.ts';
import type { LearnerStage } from './learner-stage.ts';
import type { MapStage } from './map-stage.ts';
import { gapOutput, type PipelineOutput } from './pipeline-output.ts';
import type { StageName } from './pipeline-spec.ts';
import type { Stage, StageFailure, StageSlot } from './stage-slot.ts';
import type { StandardizeStage } from './standardize-stage.ts';

/** The stages of a pipeline, and the way of a block through them. */
export class StageSet {
  detect: StageSlot<DetectStage> | null = null;
  standardize: StageSlot<StandardizeStage> | null = null;
  /** Feature maps by name. */
  readonly maps: Map<string, StageSlot<MapStage>> = new Map<string, StageSlot<MapStage>>();
  /** Learners by name. */
  readonly learners: Map<string, StageSlot<LearnerStage>> = new Map<string, StageSlot<LearnerStage>>();
  #reported: ReadonlySet<StageFailure> = new Set();

  /** All stages in the order in which a frame passes them. */
  get all(): StageSlot<Stage>[] {
    const { detect, standardize, maps, learners } = this;
    return [detect, standardize, ...maps.values(), ...learners.values()].filter((slot) => slot !== null);
  }

  get #hasFailed(): boolean {
    if (this.detect?.failure ?? this.standardize?.failure) return true;
    for (const { failure } of this.maps.values()) if (failure) return true;
    for (const { failure } of this.learners.values()) if (failure) return true;
    return false;
  }

  /** Stages that have failed, in the order of `all`. */
  get failures(): StageFailure[] {
    if (!this.#hasFailed) return [];
    return this.all.flatMap(({ failure }) => failure ?? []);
  }

  find(name: StageName): StageSlot<Stage> | undefined {
    return this.all.find((slot) => slot.name === name);
  }

  /** Adds a stage. Closes and replaces the stage with the same name, if there is one. */
  put(slot: StageSlot<Stage>): void {
    const { spec } = slot;
    this.find(slot.name)?.stage.close?.();
    if (spec.kind === 'detect') this.detect = slot as StageSlot<DetectStage>;
    else if (spec.kind === 'standardize') this.standardize = slot as StageSlot<StandardizeStage>;
    else if (spec.kind === 'map') this.maps.set(spec.spec.name, slot as StageSlot<MapStage>);
    else this.learners.set(spec.spec.name, slot as StageSlot<LearnerStage>);
  }

  /** Closes and removes a stage. */
  remove({ spec, stage }: StageSlot<Stage>): void {
    stage.close?.();
    if (spec.kind === 'detect') this.detect = null;
    else if (spec.kind === 'standardize') this.standardize = null;
    else if (spec.kind === 'map') this.maps.delete(spec.spec.name);
    else this.learners.delete(spec.spec.name);
  }

  /** Returns the networks of the learners that have not failed, by name. */
  learnedNetworks(): Map<string, Network> {
    const working = [...this.learners].filter(([, { failure }]) => !failure);
    return new Map(working.map(([name, { stage }]) => [name, stage.learner.network]));
  }

  /**
   * Processes a block, and adds its output to `outputs`.
   * @param filled whether its frames were filled in for missing ones
   */
  process(raw: Block, filled: boolean, outputs: PipelineOutput[]): void {
    const found = this.detect?.run((stage) => stage.push(raw));
    const detected = found?.detected ?? [];
    // the result of a digest frame that was completed by a gap is output with the gap
    for (let i = 0; i < detected.length - 1; i++) outputs.push(gapOutput(raw, detected[i]));
    const standard = this.standardize ? this.standardize.run((stage) => stage.push(raw)) : raw;
    const maps: Record<string, Block | null> = {};
    for (const [name, slot] of this.maps) {
      const input = inputOf(slot, raw, standard);
      maps[name] = input && slot.run((stage) => stage.push(input));
    }
    const learners: Record<string, Learned> = {};
    for (const [name, slot] of this.learners) {
      const input = inputOf(slot, raw, standard);
      const learned = input && slot.run((stage) => stage.push(input, found?.alarmed, filled));
      if (learned) learners[name] = learned;
    }
    outputs.push({
      raw,
      block: standard ?? raw,
      detected: detected.at(-1) ?? null,
      maps,
      learners,
      features: maps.features ?? null,
      learned: (learners as Partial<typeof learners>).learner ?? null,
      failures: this.reportFailures(),
    });
  }

  /** Returns the stages that have failed since the last call. */
  reportFailures(): StageFailure[] {
    const { failures } = this;
    if (failures.length === 0 && this.#reported.size === 0) return failures;
    const reported = this.#reported;
    this.#reported = new Set(failures);
    return failures.filter((failure) => !reported.has(failure));
  }
}

function inputOf({ spec }: StageSlot<Stage>, raw: Block, standard: Block | null): Block | null {
  return 'on' in spec.spec && spec.spec.on === 'raw' ? raw : standard;
}
