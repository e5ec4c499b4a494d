import type { DetectStage } from './detect-stage.ts';
import type { LearnerStage } from './learner-stage.ts';
import type { MapStage } from './map-stage.ts';
import type { StageName } from './pipeline-spec.ts';
import type { Stage, StageSlot } from './stage-slot.ts';
import type { StandardizeStage } from './standardize-stage.ts';

/** The stages of a pipeline. */
export class StageSet {
  detect: StageSlot<DetectStage> | null = null;
  standardize: StageSlot<StandardizeStage> | null = null;
  /** Feature maps by name. */
  readonly maps: Map<string, StageSlot<MapStage>> = new Map<string, StageSlot<MapStage>>();
  /** Learners by name. */
  readonly learners: Map<string, StageSlot<LearnerStage>> = new Map<string, StageSlot<LearnerStage>>();

  /** All stages in the order in which a frame passes them. */
  get all(): StageSlot<Stage>[] {
    const { detect, standardize, maps, learners } = this;
    return [detect, standardize, ...maps.values(), ...learners.values()].filter((slot) => slot !== null);
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
}
