import { integer, invalid, oneOf, positive } from '../check.ts';
import { initialize, type Initialization } from './initialize.ts';
import { Engine } from '../memory/engine.ts';
import { packedCount, type Layer, type ParameterSpec } from '../layers/layer.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { NetworkStream } from './network-stream.ts';
import type { StreamOptions } from './stream-options.ts';
import { chain, maxOutputsPerFrame, type Pace } from '../layers/pace.ts';
import { checkStreams } from './plan.ts';
import { random } from '../random.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn } from '../state/safetensors.ts';
import { decodeState } from '../state/state-file.ts';
import { fromTorch, toTorch } from './torch.ts';
import { renameForTorch, torchNames, type TorchNames } from './torch-names.ts';
import type { MemoryRange } from '../layers/trained.ts';
import type { CompiledNetwork } from './wired-network.ts';
import { checkWeights, weightsOf, type Weights, type WeightsLike } from './weights.ts';

export interface CreateOptions {
  /** Names and shapes as `weights()` gives them. */
  weights?: WeightsLike;
  /** Chance of the start weights; the same seed gives the same weights. Default 1. */
  seed?: number;
  /** Default: He before a rectifier, else Glorot. */
  initialization?: Initialization;
  /** Scale of the start weights. Default 1. */
  gain?: number;
  /** Whether the last kernels start at 0, so that the network says nothing before it has learned something. Default false. */
  silent?: boolean;
  /** What runs it. Default: the shared one. */
  engine?: Engine;
}

/** A spec with its weights. Streams read the weights live: a change is heard from the next output on. */
export class Network implements CompiledNetwork {
  readonly spec: NetworkSpec;
  readonly engine: Engine;
  /** @internal */
  readonly layers: readonly Layer[];
  /** How its outputs follow its inputs. @internal */
  readonly pace: Pace;
  /** The most outputs that one frame brings. @internal */
  readonly maxOutputsPerFrame: number;
  /** What is trained, by name; and where its values lie, packed as the engine reads them. @internal */
  readonly parameters: readonly ParameterSpec[];
  /** @internal */
  readonly values: readonly MemoryRange[];
  /** How often its weights were changed. @internal */
  readonly changes: { version: number } = { version: 0 };
  /** What PyTorch calls the weights; of an exported module only. */
  readonly #names: TorchNames | undefined;

  /** @param like a network of the same spec, which it shares all with that never changes */
  private constructor(spec: NetworkSpec, engine: Engine, names?: TorchNames, like?: Network) {
    this.#names = names;
    this.engine = engine;
    this.layers = like?.layers ?? layersOf(spec);
    this.spec = like?.spec ?? structuredClone(spec);
    this.pace = like?.pace ?? chain(this.layers.map((layer) => layer.pace));
    this.parameters = like?.parameters ?? LayerStack.parameters('layers.', this.layers);
    this.maxOutputsPerFrame = like?.maxOutputsPerFrame ?? maxOutputsPerFrame(this.pace);
    const lease = engine.lease(this);
    this.values = this.parameters.map((parameter) => {
      const count = packedCount(parameter);
      return { at: lease.allocate(count), count };
    });
  }

  /** A new network with the given weights, or with seeded random ones. */
  static create(spec: NetworkSpec, options: CreateOptions = {}): Network {
    const network = new Network(spec, options.engine ?? Engine.shared);
    if (options.weights) network.setWeights(options.weights);
    else network.#initialize(options);
    return network;
  }

  /**
   * A network from safetensors: our own, which carry their spec, or PyTorch's ('0.weight' …), which need `spec`.
   * @throws when the bytes are no safetensors, there is no spec, or a shape does not fit; the sentence says which
   */
  static load(bytes: Uint8Array, spec?: NetworkSpec, engine: Engine = Engine.shared): Network {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const known = spec ?? (metadata.spec === undefined ? undefined : (jsonIn(metadata, 'spec') as NetworkSpec));
    if (!known) throw invalid('spec', "given, because the file's metadata has none", spec, TypeError);
    const ours = metadata.tapline !== undefined || Object.keys(tensors).every((name) => name.startsWith('layers.'));
    const weights = ours ? tensors : fromTorch(tensors, known);
    // before anything is made: a spec may claim more than the file holds
    checkWeights(LayerStack.parameters('layers.', layersOf(known)), weights);
    const names = spec || metadata.torch === undefined ? undefined : torchNames(metadata);
    const network = new Network(known, engine, names);
    network.setWeights(weights);
    return network;
  }

  get inChannels(): number {
    return this.spec.inChannels;
  }

  get outChannels(): number {
    return this.layers.at(-1)?.outChannels ?? this.spec.inChannels;
  }

  /** Copies of the weights, in lag order. */
  weights(): Weights {
    return weightsOf(this.parameters, this.packed());
  }

  /** Takes all weights over. Throws, and changes nothing, when a name or a shape does not fit. */
  setWeights(weights: WeightsLike): void {
    checkWeights(this.parameters, weights);
    for (const [i, { name }] of this.parameters.entries()) this.#pack(i, weights[name].data);
  }

  /** Copies of the weights as the engine holds them. @internal */
  packed(): Float32Array[] {
    const { f32 } = this.engine.arena;
    return this.values.map(({ at, count }) => f32.slice(at, at + count));
  }

  /** Takes over what `packed` gave. @internal */
  setPacked(arrays: readonly Float32Array[]): void {
    this.changes.version++;
    for (const [i, { at }] of this.values.entries()) this.engine.arena.f32.set(arrays[i], at);
  }

  /**
   * Safetensors of the weights: in lag order with the spec in the metadata, or, for PyTorch, in its names and order. Those
   * are the state dict's of the module that the network was exported from, if none of its weights were folded into others,
   * else '0.weight' … by the number of the layer.
   */
  save(options: { torch?: boolean } = {}): Uint8Array {
    const names = this.#names;
    if (options.torch) {
      const turned = toTorch(this.weights(), this.spec);
      return encodeSafetensors(names ? renameForTorch(turned, names) : turned, { format: 'pt' });
    }
    const metadata = { tapline: 'network', spec: JSON.stringify(this.spec) };
    return encodeSafetensors(this.weights(), names ? { ...metadata, torch: JSON.stringify(names) } : metadata);
  }

  /** A copy with weights of its own. */
  clone(): Network {
    const network = new Network(this.spec, this.engine, this.#names, this);
    network.setPacked(this.packed());
    return network;
  }

  /** The memory of one stream through this network. Throws where a padding needs the whole recording. */
  stream(options: StreamOptions = {}): NetworkStream {
    if (!options.prewarm) checkStreams(this.layers);
    return new NetworkStream(this, options);
  }

  /**
   * A stream with the memory that `stream.save()` wrote, to the last bit. An `fft` is not saved: it is given anew.
   * @throws when the bytes are cut, foreign, of a newer version, or of another network; the sentence says which
   */
  restore(bytes: Uint8Array, { fft }: Pick<StreamOptions, 'fft'> = {}): NetworkStream {
    const { state, beside } = decodeState('stream', bytes);
    const { network } = beside as { network: NetworkSpec };
    if (canonical(network) !== canonical(this.spec))
      throw invalid('saved state', 'that of this network', network, TypeError);
    return NetworkStream.of(this, state, fft);
  }

  /** One whole recording, [frames, in] → [frames', out], the tail included. */
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
    // no weight is -0: then it does not matter how the zeros of gradients are signed
    for (let w = at; w < at + count; w++) f32[w] += 0;
  }

  #initialize({ seed = 1, initialization, gain = 1, silent = false }: CreateOptions): void {
    const chance = random(integer('seed', seed, 0));
    positive('gain', gain);
    if (initialization !== undefined) oneOf('initialization', initialization, ['he', 'glorot', 'zeros']);
    const last = silent ? this.parameters.findLastIndex(({ start }) => typeof start !== 'number') : -1;
    for (const [i, parameter] of this.parameters.entries()) {
      this.#pack(i, initialize(parameter, i === last ? 'zeros' : initialization, gain, chance));
    }
  }
}

/** A spec as text in which the order of its fields does not show. */
function canonical(spec: NetworkSpec): string {
  return JSON.stringify(spec, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
