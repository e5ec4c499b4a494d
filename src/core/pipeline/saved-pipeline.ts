import { integer, invalid, oneOf } from '../check.ts';
import { Detector } from '../detector/detector.ts';
import { detectorInput } from '../detector/digest.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import { packedCount, type ParameterSpec } from '../layers/layer.ts';
import { Network } from '../network/network.ts';
import { layersOf, type NetworkSpec } from '../network/network-spec.ts';
import { hashNetwork } from '../network/weights-hash.ts';
import { weightsOf, type WeightsLike } from '../network/weights.ts';
import { decodeState, encodeState } from '../state/state-file.ts';
import { doublesIn, floatsIn, numberIn, type State, stateIn } from '../state/state.ts';
import { sum } from '../sum.ts';
import type { HashedWeights } from './hashed-weights.ts';
import type { WaitingMessage } from './message-schedule.ts';
import { checkPipelineMessage } from './pipeline-message.ts';
import {
  checkSpec,
  type DetectSpec,
  type LearnerStageSpec,
  type PipelineSpec,
  type StageName,
  type StageSpec,
  stageName,
  stagesOf,
} from './pipeline-spec.ts';
import { withPowerLine } from './spec-change.ts';
import type { StageFailure } from './stage-slot.ts';

/** Fields that are the same in a running pipeline and in its saved file. */
interface Saved {
  spec: PipelineSpec;
  seed: number;
  channels: number;
  rate: number;
  next: number;
  gaps: State;
  /** Targets that arrived before their frames. Default: none. */
  targets?: State;
  waiting: readonly WaitingMessage[];
}

/** A running pipeline that is to be saved. */
export interface RunningPipeline extends Saved {
  stages: readonly RunningStage[];
  /** Stages of the waiting 'add' messages, in order. Default: none. */
  prepared?: readonly RunningStage[];
  /** Not used. Weights are saved with their stages. */
  given?: object;
}

/** A stage of a running pipeline. */
export interface RunningStage {
  name: StageName;
  state: State;
  failure: StageFailure | null;
  network: Network | null;
  /** Weights from which a learner starts again; null if they follow from its spec and the seed. */
  initial?: HashedWeights | null;
}

/** The saved state of one stage. */
export interface SavedStage {
  state: State;
  failure: StageFailure | null;
  /** Current weights of its network, and their content hash. */
  weights: WeightsLike | undefined;
  hash: string;
  /** Weights from which a learner starts again; null if they follow from its spec and the seed. */
  initial: HashedWeights | null;
}

/** A saved pipeline. */
export interface SavedPipeline extends Saved {
  stages: ReadonlyMap<StageName, SavedStage>;
  /** Stages of the waiting 'add' messages, in order. */
  prepared: readonly SavedStage[];
  /** Weights by content hash. */
  weights: Readonly<Record<string, WeightsLike>>;
}

/** The part of a saved pipeline that is stored as JSON, next to the numbers of its state. */
interface Description {
  spec: PipelineSpec;
  seed: number;
  stages: DescribedStage[];
  /** Stages of the waiting 'add' messages, in order; not in files of earlier versions. */
  prepared?: DescribedStage[];
  /** Hashes of all weights, in the order in which they are stored. */
  weights: string[];
  waiting: WaitingMessage[];
}

/** Name and failure of a stage, and hashes of its current and of its initial weights. */
interface DescribedStage {
  name: StageName;
  failure: StageFailure | null;
  weights: string | null;
  /** Not in files of earlier versions. */
  initial?: string | null;
}

/** Writes a pipeline as one file. All weights are written under the hash of their present values, and once. */
export function writePipeline({
  stages,
  prepared = [],
  waiting,
  gaps,
  targets = {},
  ...saved
}: RunningPipeline): Uint8Array {
  const weights = new Map<string, WeightsLike>();
  const add = (hash: string, held: Network | WeightsLike) => {
    if (!weights.has(hash)) weights.set(hash, held instanceof Network ? held.weights() : held);
    return hash;
  };
  const describe = ({ name, failure, network, initial }: RunningStage): DescribedStage => ({
    name,
    failure,
    weights: network && add(hashNetwork(network), network),
    initial: initial ? add(initial.hash, initial.weights) : null,
  });
  const [described, describedPrepared] = [stages.map(describe), prepared.map(describe)];
  const { spec, seed, channels, rate, next } = saved;
  const state: State = {
    channels,
    rate,
    next,
    gaps,
    targets,
    stages: Object.fromEntries(stages.map((stage, i) => [String(i), stage.state])),
    prepared: Object.fromEntries(prepared.map((stage, i) => [String(i), stage.state])),
    weights: Object.fromEntries([...weights.values()].map((held, i) => [String(i), weightState(held)])),
  };
  const description: Description = {
    spec,
    seed,
    stages: described,
    prepared: describedPrepared,
    weights: [...weights.keys()],
    waiting: waiting.map((message) =>
      message.type === 'add' ? { ...message, weights: undefined, optimizer: undefined } : message,
    ),
  };
  return encodeState('pipeline', state, description);
}

/**
 * Reads a saved pipeline.
 * @throws if the bytes are truncated, not a saved pipeline, from a newer version, or describe more memory than they
 *   contain
 */
export function readPipeline(bytes: Uint8Array): SavedPipeline {
  const { state, extra } = decodeState('pipeline', bytes);
  const isCurrent = typeof extra === 'object' && extra !== null && 'spec' in extra;
  const saved = isCurrent ? readCurrent(state, extra as Description) : readLegacy(state, extra as PipelineSpec);
  checkMemory(saved, bytes.length);
  return saved;
}

function readCurrent(state: State, description: Description): SavedPipeline {
  const { spec, seed, stages: described, weights: hashes, waiting } = description;
  checkSpec(spec);
  checkWaiting(waiting);
  const [states, held] = [stateIn(state, 'stages'), stateIn(state, 'weights')];
  const table: Record<string, WeightsLike> = {};
  const read = (hash: string, network: NetworkSpec): HashedWeights => {
    table[hash] = weightsIn(stateIn(held, String(hashes.indexOf(hash))), network);
    return { hash, weights: table[hash] };
  };
  const readStage = (stage: StageSpec, stageState: State, described?: DescribedStage): SavedStage => {
    const failure = described?.failure ?? null;
    if (!('network' in stage.spec)) return { state: stageState, failure, weights: undefined, hash: '', initial: null };
    const { network, weights: given } = stage.spec;
    // files of earlier versions have only the initial weights whose hash is in the spec
    const initial = described?.initial ?? (given !== undefined && hashes.includes(given) ? given : null);
    const hash = described ? (described.weights ?? '') : initial;
    const current = hash === null ? null : read(hash, network);
    return {
      state: stageState,
      failure,
      weights: current?.weights,
      hash: hash ?? '',
      initial: initial === null ? null : read(initial, network),
    };
  };
  const stages: [StageName, SavedStage][] = stagesOf(spec).map((stage) => {
    const name = stageName(stage);
    const place = described.findIndex((each) => each.name === name);
    if (place < 0)
      throw invalid('saved pipeline', `a file that contains the state of '${name}'`, 'a file without it', TypeError);
    return [name, readStage(stage, stateIn(states, String(place)), described[place])];
  });
  const preparedStates = stateIn(state, 'prepared');
  const prepared = addedStages(waiting).map((stage, i) =>
    readStage(stage, stateIn(preparedStates, String(i)), description.prepared?.[i]),
  );
  return { ...positionIn(state), spec, seed, waiting, stages: new Map(stages), prepared, weights: table };
}

/** Throws an error that names the invalid field of a waiting message. */
function checkWaiting(waiting: readonly WaitingMessage[]): void {
  if (!Array.isArray(waiting)) throw invalid('waiting', 'a list of messages', waiting, TypeError);
  for (const message of waiting as WaitingMessage[]) {
    checkPipelineMessage(message);
    oneOf('type of a waiting message', message.type, ['control', 'add', 'remove', 'restart', 'feedback']);
    integer('at', message.at, 0);
  }
}

function addedStages(waiting: readonly WaitingMessage[]): StageSpec[] {
  return waiting.flatMap((message) => (message.type === 'add' ? message.stage : []));
}

function positionIn(state: State): Pick<Saved, 'channels' | 'rate' | 'next' | 'gaps' | 'targets'> {
  const gaps = stateIn(state, 'gaps');
  const next = 'next' in state ? numberIn(state, 'next') : Math.max(0, Number(gaps.expected));
  return {
    channels: numberIn(state, 'channels'),
    rate: numberIn(state, 'rate'),
    next,
    gaps,
    targets: stateIn(state, 'targets'),
  };
}

/** Reads a pipeline that a version saved in which pipelines had at most one feature map and one learner. */
function readLegacy(state: State, extra: PipelineSpec): SavedPipeline {
  checkSpec(extra);
  // the defaults were then 60 Hz for the power-line frequency and false for skipAlarmed
  const learn = extra.learn && { skipAlarmed: false, ...extra.learn };
  const spec = withPowerLine({ ...extra, ...(learn && { learn }) }, 60);
  const stages: [name: StageName, state: State, weights?: WeightsLike][] = [];
  if ('detector' in state) stages.push(['detect', { verdict: 0, detector: stateIn(state, 'detector') }]);
  if ('standardizer' in state) stages.push(['standardize', stateIn(state, 'standardizer')]);
  if (spec.network) {
    const weights = unpackedWeights(stateIn(state, 'weights'), spec.network);
    stages.push(['map features', stateIn(state, 'convolver'), weights]);
  }
  if (spec.learn) {
    const learner = stateIn(state, 'learner');
    const weights = unpackedWeights(stateIn(learner, 'weights'), spec.learn.network);
    stages.push(['learner learner', learner, weights]);
  }
  return {
    ...positionIn(state),
    spec,
    seed: 1,
    waiting: [],
    stages: new Map(
      stages.map(([name, stage, weights]) => [name, { state: stage, failure: null, weights, hash: '', initial: null }]),
    ),
    prepared: [],
    weights: {},
  };
}

function weightState(weights: WeightsLike): State {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => [
      name,
      data instanceof Float32Array ? data : Float32Array.from(data),
    ]),
  );
}

/** Reads the weights of a network; throws if the state does not contain all of them. */
function weightsIn(state: State, spec: NetworkSpec): WeightsLike {
  return Object.fromEntries(
    parametersOf(spec).map(({ name, shape }) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: floatsIn(state, name, count) }];
    }),
  );
}

/** Reads weights that were saved in the engine's layout. */
function unpackedWeights(state: State, spec: NetworkSpec): WeightsLike {
  const parameters = parametersOf(spec);
  return weightsOf(
    parameters,
    parameters.map((parameter) => floatsIn(state, parameter.name, packedCount(parameter))),
  );
}

function parametersOf(spec: NetworkSpec): readonly ParameterSpec[] {
  return LayerStack.parameters('layers.', layersOf(spec));
}

/**
 * Throws if a pipeline needs much more memory than its saved file of `size` bytes. The delay lines, the pending outputs
 * of the learners, and the state of the detector are all stored in the file. A file whose spec describes more than the
 * file contains is therefore rejected before memory is allocated.
 */
function checkMemory({ spec, stages, waiting, prepared, channels, rate }: SavedPipeline, size: number): void {
  let needed = 0;
  const running = stagesOf(spec).map((stage) => ({ stage, saved: stages.get(stageName(stage)) }));
  const added = addedStages(waiting).map((stage, i) => ({ stage, saved: prepared.at(i) }));
  for (const { stage, saved } of [...running, ...added]) {
    const { state = {}, weights } = saved ?? {};
    if (stage.kind === 'map' && !weights) needed += weightBytes(stage.spec.network);
    if (stage.kind === 'map' && 'stream' in state) needed += lineBytes(stage.spec.network);
    if (stage.kind === 'learner') needed += learnerBytes(stage.spec);
    if (stage.kind === 'standardize' && channels > 0) doublesIn(state, 'count', channels);
    if (stage.kind === 'detect' && channels > 0) needed += detectorBytes(stage.spec, channels, rate);
  }
  // a delay line has some more frames in memory than in the file
  const maxBytes = 4 * size + 65536;
  if (!(needed <= maxBytes)) throw invalid('memory of a saved pipeline', `<= ${maxBytes} bytes`, needed);
}

/**
 * Returns the memory of a learner in bytes. With the task 'target', memory for waiting frames is allocated as they
 * arrive.
 */
function learnerBytes({ network, horizon = 1, maxPending = 1024, task }: LearnerStageSpec): number {
  const pending = task === 'target' ? 0 : maxPending + horizon;
  return weightBytes(network) + lineBytes(network) + 4 * pending;
}

/** Size of the saved state of a detector with one channel in bytes, by its options. */
const detectorSizes = new Map<string, number>();

function detectorBytes(
  { digest, channels: indexes, reference, learning }: DetectSpec,
  channels: number,
  rate: number,
): number {
  const options = { reference, learning };
  const key = JSON.stringify(options);
  const size = detectorSizes.get(key) ?? encodeState('detector', new Detector(1, 0, options).save(), {}).length;
  detectorSizes.set(key, size);
  const selected = indexes?.length ?? channels;
  return size * (digest === 'auto' ? detectorInput(rate, selected).channels : selected);
}

function lineBytes(network: NetworkSpec): number {
  return sum(layersOf(network), (layer) => layer.memory(false).arena);
}

function weightBytes(network: NetworkSpec): number {
  return 4 * sum(parametersOf(network), ({ shape }) => shape.reduce((product, size) => product * size, 1));
}
