import { invalid } from '../core/check.ts';
import { defaultOptimizer, learnerOptionsIn } from '../core/learning/learner-options.ts';
import { withBothNames } from '../core/learning/optimizers/both-names.ts';
import type { Optimizer } from '../core/learning/optimizers/optimizer.ts';
import { optimizerOf, type OptimizerSpec } from '../core/learning/optimizers/optimizer-spec.ts';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { plan, type Plan } from '../core/network/plan.ts';
import { hashNetwork } from '../core/network/weights-hash.ts';
import type { Weights, WeightsLike } from '../core/network/weights.ts';
import type { DetectSpec, LearnerStageSpec, StageSpec } from '../core/pipeline/pipeline-spec.ts';
import type { LearnerInfo, MapInfo } from '../protocol/stream-info.ts';
import { channelIndexes } from './channel-indexes.ts';
import type { Allocation } from './detector-budget.ts';
import type { FeedInfo, FeedSpec, LearnerSpec, MapSpec } from './feed-spec.ts';
import { LatestCache } from './latest-cache.ts';
import { learnerKey } from './learner-key.ts';
import type { ServerAlarms } from './server-alarms.ts';

/** Initial networks of learners by spec. Learners train copies. */
const initialNetworks = new LatestCache<Network>(64);
/** Plans of networks of feature maps, by rate; at most `maxRates` per network. */
const plans = new WeakMap<Network, Map<number, Plan>>();
const maxRates = 16;

/** A feature map or a learner of a feed: its stage, and its description for viewers. */
export interface PlannedStage<Info> {
  readonly stage: StageSpec;
  readonly info: Info;
  /** Weights by content hash, for the hash in the spec of the stage. */
  readonly weights: Readonly<Record<string, Network | WeightsLike>>;
}

/** A learner of a feed. */
export interface PlannedLearner extends PlannedStage<LearnerInfo> {
  /** Optimizer that is not plain JSON. */
  readonly optimizer?: Optimizer;
  /** Name of its target stream. */
  readonly target?: string;
  /** Whether there are saved weights that it does not use, because they have other settings. */
  readonly ignoresSaved: boolean;
  /** Displayed kernels: those of the first convolution of its network; null if it has none. */
  readonly kernels: KernelPlan | null;
}

/** The kernels of a learner that viewers display. */
export interface KernelPlan {
  /** Name of the parameter. */
  readonly parameter: string;
  /** Initial values, [outputs, taps, inputs]. */
  readonly initial: number[];
}

/**
 * Returns the settings of a feed's detector; null if detection is off or no channel is monitored.
 * @param allocation number of monitored channels; they are the first ones
 * @param rate sampling rate in Hz; 0 = irregular
 */
export function planDetect(
  { detect = {} }: FeedSpec,
  { channels }: Allocation,
  { falseAlarms, reference }: Pick<ServerAlarms, 'falseAlarms' | 'reference'>,
  rate: number,
): DetectSpec | null {
  if (!detect || channels === 0) return null;
  const spec: DetectSpec = {
    digest: 'auto',
    channels: Array.from({ length: channels }, (_, channel) => channel),
    // a false-alarm rate per time requires a sampling rate
    ...(falseAlarms !== undefined && (rate > 0 || typeof falseAlarms === 'number') && { falseAlarms }),
    ...(reference !== undefined && { reference }),
  };
  return { ...spec, ...detect };
}

/**
 * Returns the settings from which a pipeline is planned, as a string for comparison. Learners with a target stream are
 * not included, because they are added when that stream connects.
 */
export function planKey(
  { learners, notes: _, ...spec }: FeedSpec,
  { channels, rate, kind }: Omit<FeedInfo, 'name'>,
  { falseAlarms, reference }: Pick<ServerAlarms, 'falseAlarms' | 'reference'>,
): string {
  const own = learners.filter(({ target }) => target === undefined);
  return JSON.stringify(
    { ...spec, learners: own, channels, rate, kind, falseAlarms, reference },
    (_, value: unknown) => (value instanceof Network ? hashNetwork(value) : value),
  );
}

/** Plans a feature map. Throws if its network is invalid or a channel does not exist. */
export function planMap(map: MapSpec, index: number, info: FeedInfo): PlannedStage<MapInfo> {
  const { name, network, on, labels, unit } = map;
  const given = network instanceof Network ? network : undefined;
  const spec = given?.spec ?? (network as NetworkSpec);
  const { outRate, receptiveField, stride, groupDelay } = given ? planOf(given, info.rate) : plan(spec, info.rate);
  const hash = given && hashNetwork(given);
  const channels = map.channels && channelIndexes(map.channels, info.channels);
  return {
    stage: {
      kind: 'map',
      spec: { name, network: spec, on, ...(hash && { weights: hash }), ...(channels && { channels }) },
    },
    info: {
      index,
      name,
      labels,
      rate: outRate,
      unit,
      warmUp: Math.ceil((receptiveField - 1) / stride),
      groupDelay: Number.isFinite(groupDelay.ms) ? groupDelay.ms : 0,
    },
    weights: given && hash ? { [hash]: given } : {},
  };
}

/** Weights that a learner had before. */
export interface SavedWeights {
  readonly weights: Weights;
  /** Settings of the learner (`learnerKey`); absent if they are not known. */
  readonly key?: string;
}

/**
 * Plans a learner.
 * @param target its target stream, if it is connected
 * @param saved initial weights; ignored if their shapes do not match the network
 * @param strict ignore saved weights of other settings too
 */
export function planLearner(
  learner: LearnerSpec,
  index: number,
  info: FeedInfo,
  target: FeedInfo | undefined,
  saved: SavedWeights | undefined,
  strict = false,
): PlannedLearner {
  const { name, task, taps, reference, channels, target: targetName, skipAlarmed, on } = learner;
  const indexes = channelIndexes(channels, info.channels);
  const inputs = indexes.map((channel) => info.channels[channel].label);
  const references = reference && channelIndexes(reference, info.channels).map((channel) => indexes.indexOf(channel));
  const [read, outputs] = channelsOf(
    learner,
    inputs,
    references,
    target?.channels.map(({ label }) => label),
  );
  const start = initialNetwork(learner, read.length, outputs.length);
  checkShape(learner, start, read.length, outputs.length);
  const chosen = chosenOptimizer(learner);
  const settings: LearnerStageSpec = {
    ...learnerOptionsIn(learner),
    name,
    task,
    network: start.spec,
    channels: indexes,
    ...(references && { reference: references }),
    ...(targetName !== undefined && { target: targetName }),
    ...(on !== undefined && { on }),
    ...(skipAlarmed !== undefined && { skipAlarmed }),
    ...(chosen && isSpec(chosen) && { optimizer: chosen }),
  };
  const isOther = strict && saved !== undefined && saved.key !== learnerKey(settings);
  const usable = saved && !isOther && fits(start, saved.weights);
  const initial = usable ? Network.create(start.spec, { weights: saved.weights }) : start;
  const spec: LearnerStageSpec = { ...settings, weights: hashNetwork(initial) };
  const given = chosen && !isSpec(chosen) ? chosen : undefined;
  const rate = optimizerRate(chosen, spec, start);
  const kernel = firstKernels(start);
  const [, kernelTaps = 0] = kernel?.shape ?? [];
  const single = start.layers.length === 1;
  return {
    stage: { kind: 'learner', spec },
    info: {
      index,
      name,
      task,
      ...(targetName !== undefined && { target: targetName }),
      ...(learner.horizon !== undefined && { horizon: learner.horizon }),
      learning: true,
      learningRate: rate,
      step: rate,
      channels: read,
      outputs: single ? outputs : Array.from({ length: kernel?.shape[0] ?? 0 }, (_, i) => `kernel ${i + 1}`),
      taps: taps ?? kernelTaps,
      rate: info.rate,
    },
    weights: { [hashNetwork(initial)]: initial },
    ignoresSaved: isOther,
    ...(given && { optimizer: given }),
    ...(targetName !== undefined && { target: targetName }),
    kernels: kernel && { parameter: kernel.name, initial: Array.from(start.weights()[kernel.name].data) },
  };
}

/** Returns the labels of the channels that the network reads, and of those that it predicts. */
function channelsOf(
  { name, task, target: targetName }: LearnerSpec,
  inputs: string[],
  reference: readonly number[] | undefined,
  target: readonly string[] | undefined,
): [read: string[], outputs: string[]] {
  if (task === 'target' && !target) throw invalid(`target of ${name}`, 'another stream', targetName, TypeError);
  if (task !== 'cancel') return [inputs, task === 'target' ? [...target!] : inputs];
  const isReference = (_: string, channel: number) => reference?.includes(channel) ?? false;
  return [inputs.filter(isReference), inputs.filter((label, channel) => !isReference(label, channel))];
}

/** Throws unless a given network has as many inputs as the learner reads, and as many outputs as it predicts. */
function checkShape(
  { name, network, task }: LearnerSpec,
  { inChannels, outChannels }: Network,
  read: number,
  predicted: number,
): void {
  if (network === undefined) return;
  if (inChannels !== read)
    throw invalid(`network.inChannels of ${name}`, `${read}, the number of channels that it reads`, inChannels);
  const of = task === 'target' ? 'channels of its target stream' : 'channels that it predicts';
  if (outChannels !== predicted)
    throw invalid(`outputs of the network of ${name}`, `${predicted}, the number of ${of}`, outChannels);
}

function initialNetwork({ name, taps, network, gain = 0.1 }: LearnerSpec, inputs: number, outputs: number): Network {
  if (network instanceof Network) return network;
  if (network)
    return initialNetworks.get(JSON.stringify(network), () => Network.create(network, { seed: 1, zeroOutput: true }));
  if (taps === undefined) throw invalid(`taps of ${name}`, 'given if no network is given', taps, TypeError);
  const layer = { type: 'conv1d' as const, outChannels: outputs, kernelSize: taps };
  const spec = { inChannels: inputs, layers: [layer] };
  return initialNetworks.get(JSON.stringify([spec, gain]), () => Network.create(spec, { seed: 1, gain }));
}

function planOf(network: Network, rate: number): Plan {
  const byRate = plans.get(network) ?? new Map<number, Plan>();
  plans.set(network, byRate);
  const planned = byRate.get(rate) ?? plan(network.spec, rate);
  if (byRate.size < maxRates) byRate.set(rate, planned);
  return planned;
}

function fits(network: Network, weights: Weights): boolean {
  const own = network.parameters;
  return own.every(
    ({ name, shape }) =>
      Object.hasOwn(weights, name) &&
      weights[name].shape.join() === shape.join() &&
      weights[name].data.every(Number.isFinite),
  );
}

function chosenOptimizer({ learningRate, step, optimizer }: LearnerSpec): Optimizer | OptimizerSpec | undefined {
  if (learningRate !== undefined && step !== undefined)
    throw new TypeError('learningRate and step must not both be given; step is the deprecated name of learningRate');
  const rate = learningRate ?? step;
  return optimizer ?? (rate === undefined ? undefined : { type: 'nlms', learningRate: rate });
}

function isSpec(optimizer: Optimizer | OptimizerSpec): optimizer is OptimizerSpec {
  return !('fresh' in optimizer);
}

function optimizerRate(
  chosen: Optimizer | OptimizerSpec | undefined,
  spec: LearnerStageSpec,
  network: Network,
): number {
  if (!chosen) return withBothNames(defaultOptimizer(learnerOptionsIn(spec), network)).learningRate;
  return (isSpec(chosen) ? optimizerOf(chosen) : withBothNames(chosen)).learningRate;
}

function firstKernels({ parameters }: Network): { name: string; shape: readonly number[] } | null {
  return parameters.find(({ shape }) => shape.length === 3) ?? null;
}
