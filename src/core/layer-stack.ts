import { ActivationLayer } from './activation.ts';
import { AvgPool } from './avg-pool.ts';
import { Conv1d } from './conv1d.ts';
import { Frames } from './frames.ts';
import type { LayerStream } from './layer-stream.ts';
import type { Network } from './network.ts';
import type { Layer } from './network-spec.ts';

/**
 * The layers of one stream, one on top of the other, and the rows that pass between them.
 *
 *     input → layer 0 → outputs[0] → layer 1 → outputs[1] → …          forward
 *     inputGradients[0] ← layer 0 ← inputGradients[1] ← layer 1 ← … ← gradient     backward
 */
export class LayerStack {
  /** What the next `forward` reads, [frames, in]. */
  readonly input: Frames;
  /** What each layer put out last. */
  readonly outputs: readonly Frames[];
  /** What the next `backward` reads, [frames, out]; null when nothing learns. */
  readonly gradient: Frames | null;
  /** The convolutions by layer number: what an optimizer steps. */
  readonly convolutions: ReadonlyMap<number, Conv1d>;
  /** Input frames per output frame. */
  readonly stride: number;
  /** Input frames after which no output sees, at any layer, what was before them. */
  readonly settle: number;
  readonly #layers: readonly LayerStream[];
  readonly #strides: readonly number[];
  readonly #inputGradients: readonly Frames[];

  constructor(network: Network, gradients: boolean) {
    const { layers } = network;
    this.#layers = layers.map((layer) => layerStream(layer, network, gradients));
    this.convolutions = new Map(
      [...this.#layers.entries()].filter((entry): entry is [number, Conv1d] => entry[1] instanceof Conv1d),
    );
    this.input = new Frames(network.inChannels);
    this.outputs = layers.map((layer) => new Frames(layer.outChannels));
    this.gradient = gradients ? new Frames(network.outChannels) : null;
    this.#inputGradients = gradients ? layers.map((layer) => new Frames(layer.inChannels)) : [];
    this.#strides = layers.map((layer) => (layer.type === 'activation' ? 1 : layer.windowing.stride));
    let stride = 1;
    let settle = 0;
    for (const layer of layers) {
      if (layer.type === 'activation') continue;
      settle += layer.windowing.receptiveField * stride;
      stride *= layer.windowing.stride;
    }
    this.stride = stride;
    this.settle = settle + stride;
  }

  /** The network's own output of the last `forward`. */
  get top(): Frames {
    return this.outputs.at(-1) ?? this.input;
  }

  /** ∂L/∂x rows of the last `backward`. */
  get inputGradient(): Frames {
    return this.#inputGradients[0] ?? this.gradient;
  }

  /** Runs `input` through every layer; with `flush` the tail of each follows it up. */
  forward(flush: boolean): void {
    let x = this.input;
    for (let l = 0; l < this.#layers.length; l++) {
      const out = this.outputs[l];
      out.clear();
      this.#layers[l].push(x, out);
      if (flush) this.#layers[l].flush(out);
      x = out;
    }
  }

  /** Runs `gradient` back through every layer; with `flush` each also lets go what it held open. */
  backward(flush: boolean): void {
    let above = this.gradient!;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const below = this.#inputGradients[l];
      below.clear();
      this.#layers[l].backward(above, below);
      if (flush) this.#layers[l].flushGradient(below);
      above = below;
    }
  }

  /** How many outputs `frames` more input frames would bring. */
  outputsFor(frames: number): number {
    for (const layer of this.#layers) frames = layer.outputsFor(frames);
    return frames;
  }

  /** How many of `count` empty frames come once the stream has settled: whole strides, for which nothing is computed. */
  steadyFrames(count: number): number {
    return count <= this.settle ? 0 : Math.floor((count - this.settle) / this.stride) * this.stride;
  }

  /** Moves every index on by `frames`, whole strides, in a stream that has settled. */
  shift(frames: number): void {
    for (const [l, layer] of this.#layers.entries()) {
      layer.shift(frames);
      frames /= this.#strides[l];
    }
  }
}

function layerStream(layer: Layer, network: Network, gradients: boolean): LayerStream {
  if (layer.type === 'activation')
    return new ActivationLayer(layer.activation, layer.alpha, layer.inChannels, gradients);
  if (layer.type === 'avgPool') return new AvgPool(layer.windowing, layer.inChannels, gradients);
  return new Conv1d({ ...layer.windowing, ...layer }, network.parameters[layer.index]!, gradients);
}
