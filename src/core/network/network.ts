import { integer, invalid, oneOf, positive, renamedOption } from '../check.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import { type Layer, packedCount, type ParameterSpec } from '../layers/layer.ts';
import { chain, maxOutputsPerFrame, type Pace } from '../layers/pace.ts';
import type { MemoryRange } from '../layers/parameter-gradients.ts';
import { Engine } from '../memory/engine.ts';
import { random, type Random } from '../random.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn } from '../state/safetensors.ts';
import { decodeState } from '../state/state-file.ts';
import type { CompiledNetwork } from './compiled-network.ts';
import type { StreamOptions } from './stream-options.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { NetworkStream } from './network-stream.ts';
import { checkStreams } from './plan.ts';
import { fromTorch, renameForTorch, torchNames, type TorchNames, toTorch } from './torch.ts';
import { checkWeights, type Weights, type WeightsLike, weightsOf } from './weights.ts';

/** Options of `Network.create`. */
export interface CreateOptions {
  /** Initial weights, with the names and shapes that `weights()` returns. Default: random weights. */
  weights?: WeightsLike;
  /** Seed of the random initial weights. The same seed gives the same weights. Default 1. */
  seed?: number;
  /** Distribution of the initial weights. Default: `he` before a rectifier, otherwise `glorot`. */
  initialization?: Initialization;
  /** Scale of the initial weights. Default 1. */
  gain?: number;
  /**
   * Initialize the kernels of the last trainable layer with 0, so that the output is 0 until the network is trained.
   * Default false.
   */
  zeroOutput?: boolean;
  /** @deprecated Use `zeroOutput`. */
  silent?: boolean;
  /** The engine that runs the network. Default: `Engine.shared`. */
  engine?: Engine;
}

/**
 * A spec with its weights. Streams read the weights for every output, so a change takes effect with the next output.
 * The weights are stored in the engine's memory and are released when the network is garbage-collected.
 */
export class Network implements CompiledNetwork {
  readonly spec: NetworkSpec;
  readonly engine: Engine;
  readonly layers: readonly Layer[];
  readonly pace: Pace;
  readonly maxOutputsPerFrame: number;
  readonly parameters: readonly ParameterSpec[];
  readonly values: readonly MemoryRange[];
  readonly changes: {
    /** Counter of weight changes. An update may increase it by more than 1. */
    version: number;
  } = { version: 0 };
  /** PyTorch's names of the weights. Only for a network exported from a PyTorch module. */
  readonly #names: TorchNames | undefined;

  /** @param like a network with the same spec, whose immutable parts are reused */
  private constructor(spec: NetworkSpec, engine: Engine, names?: TorchNames, like?: Network) {
    this.#names = names;
    this.engine = engine;
    this.layers = like?.layers ?? layersOf(spec);
    this.spec = like?.spec ?? structuredClone(spec);
    this.pace = like?.pace ?? chain(this.layers.map((layer) => layer.pace));
    this.parameters = like?.parameters ?? LayerStack.parameters('layers.', this.layers);
    this.maxOutputsPerFrame = like?.maxOutputsPerFrame ?? maxOutputsPerFrame(this.pace);
    const allocation = engine.allocationFor(this);
    this.values = this.parameters.map((parameter) => {
      const count = packedCount(parameter);
      return { at: allocation.allocate(count), count };
    });
  }

  /** Creates a network with the given weights, or with seeded random weights. */
  static create(spec: NetworkSpec, options: CreateOptions = {}): Network {
    const network = new Network(spec, options.engine ?? Engine.shared);
    if (options.weights) network.setWeights(options.weights);
    else network.#initialize(options);
    return network;
  }

  /**
   * Loads a network from a safetensors file: one that `save` wrote, which contains the spec, or PyTorch weights
   * ('0.weight' …), which require `spec`.
   * @throws TypeError or RangeError if the file is invalid, a spec is missing, or a weight does not fit
   */
  static load(bytes: Uint8Array, spec?: NetworkSpec, engine: Engine = Engine.shared): Network {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const known = spec ?? (metadata.spec === undefined ? undefined : (jsonIn(metadata, 'spec') as NetworkSpec));
    if (!known) throw invalid('spec', "given, because the file's metadata does not contain one", spec, TypeError);
    const ours = metadata.tapline !== undefined || Object.keys(tensors).every((name) => name.startsWith('layers.'));
    const weights = ours ? tensors : fromTorch(tensors, known);
    // checked before any memory is allocated: the spec may describe more weights than the file contains
    checkWeights(LayerStack.parameters('layers.', layersOf(known)), weights);
    const names = spec || metadata.torch === undefined ? undefined : torchNames(metadata);
    const network = new Network(known, engine, names);
    network.setWeights(weights);
    return network;
  }

  /** Number of channels per input frame. */
  get inChannels(): number {
    return this.spec.inChannels;
  }

  /** Number of channels per output frame. */
  get outChannels(): number {
    return this.layers.at(-1)?.outChannels ?? this.spec.inChannels;
  }

  /** Returns copies of the weights, in lag order. */
  weights(): Weights {
    return weightsOf(this.parameters, this.packed());
  }

  /** Replaces all weights. Throws, without changing any, if a name or a shape does not fit. */
  setWeights(weights: WeightsLike): void {
    checkWeights(this.parameters, weights);
    for (const [i, { name }] of this.parameters.entries()) this.#pack(i, weights[name].data);
  }

  /** Returns copies of the weights in the engine's layout. @internal */
  packed(): Float32Array[] {
    const { f32 } = this.engine.arena;
    return this.values.map(({ at, count }) => f32.slice(at, at + count));
  }

  /** Restores the weights that `packed` returned. @internal */
  setPacked(arrays: readonly Float32Array[]): void {
    this.changes.version++;
    for (const [i, { at }] of this.values.entries()) this.engine.arena.f32.set(arrays[i], at);
  }

  /**
   * Saves the weights as safetensors: in lag order with the spec in the metadata or, with `torch`, with PyTorch's names
   * and order. These are the names of the state dict if the network was exported from a PyTorch module and no weight was
   * folded into another, and '0.weight' … (by layer number) otherwise. `metadata` contains more texts for the file's metadata;
   * `load` ignores them.
   */
  save({ torch = false, metadata = {} }: { torch?: boolean; metadata?: Record<string, string> } = {}): Uint8Array {
    const names = this.#names;
    if (torch) {
      const turned = toTorch(this.weights(), this.spec);
      return encodeSafetensors(names ? renameForTorch(turned, names) : turned, { ...metadata, format: 'pt' });
    }
    const own = { tapline: 'network', spec: JSON.stringify(this.spec), ...(names && { torch: JSON.stringify(names) }) };
    return encodeSafetensors(this.weights(), { ...metadata, ...own });
  }

  /** Returns a copy with its own weights. */
  clone(): Network {
    const network = new Network(this.spec, this.engine, this.#names, this);
    network.setPacked(this.packed());
    return network;
  }

  /** Creates a stream through this network. Throws if a padding requires the whole recording. */
  stream(options: StreamOptions = {}): NetworkStream {
    if (!options.prewarm) checkStreams(this.layers);
    return new NetworkStream(this, options);
  }

  /**
   * Restores a stream that `stream.save()` saved. It continues with the same bits. An `fft` is not saved and must be
   * given again.
   * @throws TypeError or RangeError if the state is incomplete, corrupted, of a newer version, or of another network
   */
  restore(bytes: Uint8Array, { fft }: Pick<StreamOptions, 'fft'> = {}): NetworkStream {
    const { state, extra } = decodeState('stream', bytes);
    const { network } = extra as { network: NetworkSpec };
    if (canonical(network) !== canonical(this.spec))
      throw invalid('saved state', 'the state of a stream of this network', network, TypeError);
    return NetworkStream.of(this, state, fft);
  }

  /** Runs a whole recording, [frames, in], and returns all outputs, [frames', out], including the tail. */
  apply(x: ArrayLike<number>, { fft }: Pick<StreamOptions, 'fft'> = {}): Float32Array {
    const stream = new NetworkStream(this, { fft });
    const body = stream.push(x);
    const tail = stream.flush();
    const whole = new Float32Array(body.length + tail.length);
    whole.set(body);
    whole.set(tail, body.length);
    stream.close();
    return whole;
  }

  #pack(i: number, numbers: ArrayLike<number>): void {
    const { packing } = this.parameters[i];
    this.changes.version++;
    const { at, count } = this.values[i];
    const { f32 } = this.engine.arena;
    f32.set(packing ? packing.pack(numbers) : numbers, at);
    // adding 0 turns -0 into 0, so that the sign of zeros in gradients does not matter
    for (let w = at; w < at + count; w++) f32[w] += 0;
  }

  #initialize(options: CreateOptions): void {
    const { seed = 1, initialization, gain = 1 } = options;
    const zeroOutput = renamedOption(options, 'zeroOutput', 'silent') ?? false;
    const rng = random(integer('seed', seed, 0));
    positive('gain', gain);
    if (initialization !== undefined) oneOf('initialization', initialization, ['he', 'glorot', 'zeros']);
    const last = zeroOutput ? this.parameters.findLastIndex(({ start }) => typeof start !== 'number') : -1;
    for (const [i, parameter] of this.parameters.entries()) {
      this.#pack(i, initialize(parameter, i === last ? 'zeros' : initialization, gain, rng));
    }
  }
}

/** Returns a spec as JSON with sorted fields. */
function canonical(spec: NetworkSpec): string {
  return JSON.stringify(spec, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/**
 * How weights are initialized. With `gain` g, n inputs per kernel, and m outputs per input channel:
 *
 *     he       normal, standard deviation g √(2/n)     He et al. 2015, for layers followed by a rectifier
 *     glorot   uniform ± g √(6/(n + m))                Glorot and Bengio 2010
 *     zeros    0
 *
 * Biases start at 0. Affine norms start with weight 1 and bias 0.
 */
export type Initialization = 'he' | 'glorot' | 'zeros';

/**
 * Returns the initial values of one parameter, drawn from `rng`. Default kind: `he` before a rectifier, otherwise
 * `glorot`.
 */
export function initialize(
  { shape, start }: ParameterSpec,
  kind: Initialization | undefined,
  gain: number,
  rng: Random,
): Float32Array {
  const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if (typeof start === 'number') return numbers.fill(start);
  const { fanIn, fanOut, rectified } = start;
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const draw = {
    he: () => Math.sqrt(2 / fanIn) * rng.normal(),
    glorot: () => limit * (2 * rng.uniform() - 1),
    zeros: () => 0,
  }[kind ?? (rectified ? 'he' : 'glorot')];
  return numbers.map(() => gain * draw());
}
