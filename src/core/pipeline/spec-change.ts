import { renamedOption } from '../check.ts';
import { stageName, type LearnerStageSpec, type PipelineSpec, type StageSpec } from './pipeline-spec.ts';

/** Returns a spec to which a stage was added, or in which it replaced the stage with the same name. */
export function withAdded(spec: PipelineSpec, stage: StageSpec): PipelineSpec {
  switch (stage.kind) {
    case 'detect':
      return { ...spec, detect: stage.spec };
    case 'standardize':
      return { ...spec, standardize: stage.spec };
    case 'map':
      return { ...withoutShort(spec, stage), maps: replacedIn(spec.maps, stage.spec) };
    case 'learner':
      return { ...withoutShort(spec, stage), learners: replacedIn(spec.learners, stage.spec) };
  }
}

/** Returns a spec without the short form of a stage, if it has one. */
function withoutShort({ network, learn, ...spec }: PipelineSpec, stage: StageSpec): PipelineSpec {
  const name = stageName(stage);
  return {
    ...spec,
    ...(network && name !== 'map features' && { network }),
    ...(learn && name !== 'learner learner' && { learn }),
  };
}

/** Returns a spec without a stage. */
export function withoutStage(spec: PipelineSpec, stage: StageSpec): PipelineSpec {
  const name = stageName(stage);
  const { detect, standardize, ...rest } = withoutShort(spec, stage);
  return {
    ...rest,
    ...(detect && name !== 'detect' && { detect }),
    ...(standardize && name !== 'standardize' && { standardize }),
    ...(rest.maps && { maps: rest.maps.filter((map) => `map ${map.name}` !== name) }),
    ...(rest.learners && { learners: rest.learners.filter((learner) => `learner ${learner.name}` !== name) }),
  };
}

/**
 * Returns a spec that can be stored as JSON: every learner has a power-line frequency, so that a saved pipeline does not
 * depend on the default, and limits of Infinity, which JSON does not have, are omitted because they are the default.
 */
export function withPowerLine(spec: PipelineSpec, hz: number): PipelineSpec {
  return {
    ...spec,
    ...(spec.learn && { learn: withFrequency(spec.learn, hz) }),
    ...(spec.learners && { learners: spec.learners.map((learner) => withFrequency(learner, hz)) }),
  };
}

/** Returns a stage with a power-line frequency if it is a learner. See `withPowerLine`. */
export function stageWithPowerLine(stage: StageSpec, hz: number): StageSpec {
  return stage.kind === 'learner' ? { ...stage, spec: withFrequency(stage.spec, hz) } : stage;
}

function withFrequency<T extends Omit<LearnerStageSpec, 'name'>>(
  { powerLine, mains, clip, decay, ...learner }: T,
  hz: number,
) {
  const limits = Object.fromEntries(
    Object.entries({ clip, decay }).filter(([, limit]) => limit !== undefined && limit !== Infinity),
  );
  return { ...learner, ...limits, powerLine: renamedOption({ powerLine, mains }, 'powerLine', 'mains') ?? hz };
}

function replacedIn<T extends { name: string }>(list: readonly T[] = [], item: T): T[] {
  const place = list.findIndex(({ name }) => name === item.name);
  return place < 0 ? [...list, item] : list.with(place, item);
}
