import type { GapFillerOptions } from '../blocks/gap-filler.ts';
import { fields, integer, invalid, oneOf, onlyFields, positive } from '../check.ts';
import { checkDetectorOptions } from '../detector/detector.ts';
import type { DigestedDetectorOptions } from '../detector/digested-detector.ts';
import { learnerFields, type LearnerOptions } from '../learning/learner-options.ts';
import { optimizerOf, type OptimizerSpec } from '../learning/optimizers/optimizer-spec.ts';
import { layersOf, type NetworkSpec } from '../network/network-spec.ts';

/** Time constant of the standardization. */
export interface StandardizeSpec {
  /** Time constant in seconds. Requires a fixed sampling rate. Default 1. */
  tau?: number;
  /** Time constant in frames, instead of `tau`. Required if the rate is irregular. */
  frames?: number;
}

/** The detector of anomalies. It reads the filled signal in its original unit, and treats filled frames as missing. */
export interface DetectSpec extends DigestedDetectorOptions {
  /** Indexes of the channels that it reads, from 0. Default: all. */
  channels?: readonly number[];
}

/** A network of a pipeline, its weights, and its input. */
export interface NetworkStageSpec {
  /** Name, unique among the feature maps or among the learners. */
  name: string;
  /** The network. */
  network: NetworkSpec;
  /**
   * Content hash of its weights (`hashNetwork`), which are given in `PipelineOptions`. Default: initialized from a
   * seed.
   */
  weights?: string;
  /** Input: 'standardized' (default), or 'raw' = the filled signal in its original unit. */
  on?: 'raw' | 'standardized';
  /** Indexes of the channels that the network reads, from 0. Default: all. */
  channels?: readonly number[];
}

/** A network whose outputs are feature maps. */
export type MapStageSpec = NetworkStageSpec;

/** A network that is trained on the stream. */
export interface LearnerStageSpec extends NetworkStageSpec, Omit<LearnerOptions, 'optimizer'> {
  /** Optimizer. Default: as in `LearnerOptions`. */
  optimizer?: OptimizerSpec;
  /** Do not train on frames that the detector flags as anomalous. Default true. */
  skipAlarmed?: boolean;
  /**
   * For the task 'target': name of the target stream, as in `from` of target messages. Default: '', messages without
   * `from`.
   */
  target?: string;
  /** For the task 'target': indexes of the channels of this stream that are its targets, instead of a target stream. */
  targetChannels?: readonly number[];
  /**
   * Train on outputs that depend on filled frames; filled frames are never targets. Default false: these outputs are
   * skipped.
   */
  readFilled?: boolean;
}

/** Description of a pipeline as plain JSON. */
export interface PipelineSpec {
  /** How to fill gaps. Default: repeat the last sample, for up to 1000 frames. */
  gaps?: GapFillerOptions;
  /** Standardize with a running mean and standard deviation. Default: off. */
  standardize?: StandardizeSpec | null;
  /** Detect anomalies. Default: off. */
  detect?: DetectSpec | null;
  /** Networks whose outputs are feature maps. */
  maps?: readonly MapStageSpec[];
  /** Networks that are trained on the stream. */
  learners?: readonly LearnerStageSpec[];
  /** Short form of a feature map named 'features'. */
  network?: NetworkSpec;
  /** Short form of a learner named 'learner'. */
  learn?: Omit<LearnerStageSpec, 'name' | 'on' | 'channels'>;
}

/** One stage of a pipeline: its kind and its settings. */
export type StageSpec =
  | {
      /** Selects the kind of stage. */
      kind: 'standardize';
      /** Settings of the stage. */
      spec: StandardizeSpec;
    }
  | {
      /** Selects the kind of stage. */
      kind: 'detect';
      /** Settings of the stage. */
      spec: DetectSpec;
    }
  | {
      /** Selects the kind of stage. */
      kind: 'map';
      /** Settings of the stage. */
      spec: MapStageSpec;
    }
  | {
      /** Selects the kind of stage. */
      kind: 'learner';
      /** Settings of the stage. */
      spec: LearnerStageSpec;
    };

/** Name of a stage: 'standardize', 'detect', 'map <name>', or 'learner <name>'. */
export type StageName = string;

/** Returns the name of a stage. */
export function stageName(stage: StageSpec): StageName {
  return 'name' in stage.spec ? `${stage.kind} ${stage.spec.name}` : stage.kind;
}

const pipelineFields = ['gaps', 'standardize', 'network', 'learn', 'detect', 'maps', 'learners'] as const;
const standardizeFields = ['tau', 'frames'];
const detectFields = ['falseAlarms', 'reference', 'learning', 'digest', 'channels'];
const mapFields = ['name', 'network', 'weights', 'on', 'channels'];
const shortLearnFields = ['network', 'optimizer', 'skipAlarmed', ...learnerFields];
const learnerStageFields = [...mapFields, ...shortLearnFields.slice(1), 'target', 'targetChannels', 'readFilled'];

/** Throws an error that names the invalid field of a spec. */
export function checkSpec(spec: PipelineSpec): void {
  fields('spec', spec, 'a PipelineSpec');
  for (const field of Object.keys(spec)) {
    const part = spec[oneOf('field of a pipeline', field, pipelineFields)];
    if (part === undefined || part === null) continue;
    if (field !== 'maps' && field !== 'learners') fields(field, part, 'an object of settings');
    else if (!Array.isArray(part)) throw invalid(field, 'a list of stages', part, TypeError);
  }
  const { learn, detect } = spec;
  if (learn) {
    onlyFields('learn', learn, [...shortLearnFields, 'weights', 'target', 'targetChannels', 'readFilled']);
    if (learn.skipAlarmed && !detect) throw invalid('detect', 'given if learn.skipAlarmed is true', detect, TypeError);
  }
  const names = new Set<StageName>();
  for (const stage of stagesOf(spec)) {
    checkStage(stage);
    const name = stageName(stage);
    if (names.has(name)) throw invalid(`name of a ${stage.kind}`, 'unique', name.slice(stage.kind.length + 1));
    names.add(name);
  }
}

/** Returns the stages of a spec in the order in which a frame passes them. */
export function stagesOf({ standardize, detect, network, learn, maps = [], learners = [] }: PipelineSpec): StageSpec[] {
  return [
    ...(detect ? [{ kind: 'detect' as const, spec: detect }] : []),
    ...(standardize ? [{ kind: 'standardize' as const, spec: standardize }] : []),
    ...(network ? [{ kind: 'map' as const, spec: { name: 'features', network } }] : []),
    ...maps.map((spec) => ({ kind: 'map' as const, spec })),
    ...(learn ? [{ kind: 'learner' as const, spec: { ...learn, name: 'learner' } }] : []),
    ...learners.map((spec) => ({ kind: 'learner' as const, spec })),
  ];
}

/** Throws an error that names the invalid field of a stage. */
export function checkStage(stage: StageSpec): void {
  oneOf('kind of a stage', stage.kind, ['standardize', 'detect', 'map', 'learner']);
  fields(`spec of a ${stage.kind}`, stage.spec, 'an object of settings');
  switch (stage.kind) {
    case 'standardize':
      checkStandardize(stage.spec);
      break;
    case 'detect':
      onlyFields('detect', stage.spec, detectFields);
      checkDetectorOptions(stage.spec);
      if (stage.spec.digest !== undefined) oneOf('detect.digest', stage.spec.digest, ['auto', 'none']);
      checkIndexes('detect.channels', stage.spec.channels);
      break;
    case 'map':
      onlyFields('a map', stage.spec, mapFields);
      checkName(stage.spec);
      named(stage, () => {
        checkNetworkStage(stage.spec);
      });
      break;
    case 'learner':
      onlyFields('a learner', stage.spec, learnerStageFields);
      checkName(stage.spec);
      named(stage, () => {
        checkNetworkStage(stage.spec);
        checkLearner(stage.spec);
      });
  }
}

/**
 * Returns the result of `work`. If it throws an error, puts the name of the stage in front of the message, unless the
 * stage is one that has a short form.
 */
export function named<T>(stage: StageSpec, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const name = stageName(stage);
    if (name !== 'map features' && name !== 'learner learner' && error instanceof Error)
      error.message = `${name}: ${error.message}`;
    throw error;
  }
}

function checkStandardize(spec: StandardizeSpec): void {
  onlyFields('standardize', spec, standardizeFields);
  if (spec.tau !== undefined && spec.frames !== undefined)
    throw new TypeError('standardize.tau and standardize.frames must not both be given');
  if (spec.tau !== undefined) positive('standardize.tau', spec.tau, 'seconds');
  if (spec.frames !== undefined) positive('standardize.frames', spec.frames);
}

function checkName({ name }: NetworkStageSpec): void {
  if (typeof name !== 'string' || name === '') throw invalid('name of a stage', 'a non-empty string', name, TypeError);
}

function checkNetworkStage({ network, on, channels }: NetworkStageSpec): void {
  if (on !== undefined) oneOf('on', on, ['raw', 'standardized']);
  checkIndexes('channels', channels);
  if (checked.has(network)) return;
  layersOf(network);
  checked.add(network);
}

/** Specs of networks that were valid. A spec that has changed since is rejected when its network is created. */
const checked = new WeakSet<NetworkSpec>();

function checkLearner(spec: LearnerStageSpec): void {
  const { optimizer, task = 'forecast', target, targetChannels } = spec;
  if (optimizer) optimizerOf(optimizer);
  checkIndexes('targetChannels', targetChannels);
  for (const name of ['skipAlarmed', 'readFilled'] as const)
    if (spec[name] !== undefined && typeof spec[name] !== 'boolean')
      throw invalid(name, 'true or false', spec[name], TypeError);
  if (target !== undefined && typeof target !== 'string')
    throw invalid('target', 'the name of a target stream', target, TypeError);
  if (task !== 'target' && (target ?? targetChannels) !== undefined)
    throw invalid('task', "'target' if target or targetChannels is given", task);
  if (target !== undefined && targetChannels !== undefined)
    throw new TypeError('target and targetChannels must not both be given');
}

function checkIndexes(name: string, indexes: readonly number[] | undefined): void {
  if (indexes === undefined) return;
  if (!Array.isArray(indexes) || indexes.length === 0)
    throw invalid(name, 'a list of one or more channel indexes', indexes, TypeError);
  for (const index of indexes as number[]) integer(`channel in ${name}`, index, 0);
}
