import { integer, invalid, oneOf, positive } from './check.ts';
import { defaultInitialization, initialize, type Initialization } from './initialize.ts';
import type { Parameters } from './layer-stream.ts';
import { layersOf, type Layer, type NetworkSpec } from './network-spec.ts';
import { NetworkStream, type StreamOptions } from './network-stream.ts';
import { random } from './random.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';
import { fromTorch, toTorch } from './torch.ts';
import { checkShape, kernelShape, reverseTaps, weightsOf, type Weights, type WeightsLike } from './weights.ts';

export interface CreateOptions {
  /** Names and shapes as `weights()` gives them. */
  weights?: WeightsLike;
  /** Chance of the start weights; the same seed gives the same weights. Default 1. */
  seed?: number;
  /** Default: He before a rectifier, else Glorot. */
  initialization?: Initialization;
  /** Scale of the start weights. Default 1. */
  gain?: number;
}

/** A spec with its weights. Streams read the weights live: a change is heard from the next output on. */
export class Network {
  readonly spec: NetworkSpec;
  /** @internal */
  readonly layers: readonly Layer[];
  /** By layer, null where there is nothing to train. @internal */
  readonly parameters: readonly (Parameters | null)[];

  private constructor(spec: NetworkSpec) {
    this.layers = layersOf(spec);
    this.spec = structuredClone(spec);
    this.parameters = this.layers.map((layer) => {
      if (layer.type !== 'conv1d') return null;
      const { outChannels, windowing, inChannels, groups, bias } = layer;
      const weight = new Float32Array((outChannels * windowing.kernelSize * inChannels) / groups);
      return { weight, bias: bias ? new Float32Array(outChannels) : null };
    });
  }

  /** A new network with the given weights, or with seeded random ones. */
  static create(spec: NetworkSpec, options: CreateOptions = {}): Network {
    const network = new Network(spec);
    if (options.weights) network.setWeights(options.weights);
    else network.#initialize(options);
    return network;
  }

  /**
   * A network from safetensors: our own, which carry their spec, or PyTorch's ('0.weight' …), which need `spec`.
   * @throws when the bytes are no safetensors, there is no spec, or a shape does not fit; the sentence says which
   */
  static load(bytes: Uint8Array, spec?: NetworkSpec): Network {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const known = spec ?? (metadata.tapline === undefined ? undefined : (JSON.parse(metadata.tapline) as NetworkSpec));
    if (!known) throw invalid('spec', "given, because the file's metadata has none", spec, TypeError);
    const ours = Object.keys(tensors).every((name) => name.startsWith('layers.'));
    return Network.create(known, { weights: ours ? tensors : fromTorch(tensors, known) });
  }

  get inChannels(): number {
    return this.spec.inChannels;
  }

  get outChannels(): number {
    return this.layers.at(-1)?.outChannels ?? this.spec.inChannels;
  }

  /** Copies of the weights, in lag order. */
  weights(): Weights {
    return weightsOf(this.layers, (index) => this.parameters[index]);
  }

  /** Takes all weights over. Throws, and changes nothing, when a name or a shape does not fit. */
  setWeights(weights: WeightsLike): void {
    const expected = new Set<string>();
    this.#eachConv((layer, { bias }, shape) => {
      const parts = bias
        ? ([
            ['weight', shape],
            ['bias', [shape[0]]],
          ] as const)
        : ([['weight', shape]] as const);
      for (const [part, partShape] of parts) {
        const name = `layers.${layer.index}.${part}`;
        checkShape(name, weights[name], partShape);
        expected.add(name);
      }
    });
    for (const name of Object.keys(weights)) {
      if (!expected.has(name)) throw invalid('name of a weight', `one of ${[...expected].join(', ')}`, name, TypeError);
    }
    this.#eachConv((layer, { weight, bias }, shape) => {
      weight.set(reverseTaps(weights[`layers.${layer.index}.weight`].data, shape));
      bias?.set(Float32Array.from(weights[`layers.${layer.index}.bias`].data));
    });
  }

  /** Safetensors of the weights: in lag order with the spec in the metadata, or, for PyTorch, in its names and order. */
  save(options: { torch?: boolean } = {}): Uint8Array {
    const metadata = { tapline: JSON.stringify(this.spec) };
    return options.torch
      ? encodeSafetensors(toTorch(this.weights(), this.spec), { format: 'pt' })
      : encodeSafetensors(this.weights(), metadata);
  }

  /** A copy that shares nothing with this one. */
  clone(): Network {
    return Network.create(this.spec, { weights: this.weights() });
  }

  /** The memory of one stream through this network. */
  stream(options: StreamOptions = {}): NetworkStream {
    return new NetworkStream(this, options);
  }

  /** One whole recording, [frames, in] → [frames', out], the tail included. */
  apply(x: ArrayLike<number>): Float32Array {
    const stream = this.stream();
    const body = stream.push(x);
    const tail = stream.flush();
    const whole = new Float32Array(body.length + tail.length);
    whole.set(body);
    whole.set(tail, body.length);
    return whole;
  }

  #initialize({ seed = 1, initialization, gain = 1 }: CreateOptions): void {
    const chance = random(integer('seed', seed, 0));
    positive('gain', gain);
    if (initialization !== undefined) oneOf('initialization', initialization, ['he', 'glorot', 'zeros']);
    this.#eachConv((layer, { weight }) => {
      const kind = initialization ?? defaultInitialization(this.layers[layer.index + 1]);
      weight.set(initialize(layer, kind, gain, chance));
    });
  }

  #eachConv(visit: (layer: Layer & { type: 'conv1d' }, parameters: Parameters, shape: number[]) => void): void {
    for (const layer of this.layers) {
      const parameters = this.parameters[layer.index];
      if (layer.type !== 'conv1d' || !parameters) continue;
      visit(layer, parameters, kernelShape(layer));
    }
  }
}
