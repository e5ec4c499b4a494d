import { invalid } from '../check.ts';
import { packedCount, type Layer } from '../layers/layer.ts';
import { memoryOfAll, streamObjects, type Memory } from '../memory/memory-size.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { chain } from '../layers/pace.ts';
import { sum } from '../sum.ts';

/** A delay in frames and in milliseconds. */
export interface Delay {
  /** In frames of the network's input. */
  readonly frames: number;
  /** NaN if the rate is irregular. */
  readonly ms: number;
}

/** Cost and timing of one layer. */
export interface LayerPlan {
  /** Position in the spec, from 0. */
  readonly index: number;
  /** Type of the layer, as in its spec. */
  readonly type: string;
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Number of channels per output frame. */
  readonly outChannels: number;
  /** Output rate in Hz. 0 = irregular. */
  readonly rate: number;
  /** Input frames of the layer per output. Below 1 if the layer upsamples. */
  readonly stride: number;
  /** Frames of the network's input that one output of this layer depends on, equation (3). */
  readonly receptiveField: number;
  /** Delay of the center of the taps, from the network's input to this layer's output. */
  readonly groupDelay: Delay;
  /** Frames of the network's input before the first output. */
  readonly wait: number;
  /** Multiply-adds per output. */
  readonly macs: number;
  /** Multiply-adds per frame of the network's input. */
  readonly macsPerFrame: number;
  /** Multiply-adds per second at the planned rate. */
  readonly macsPerSecond: number;
  /** Multiply-adds left for one output when its frame arrives, if the stream is eager and `prepare` was called. */
  readonly eagerMacs: number;
  /**
   * Number of outputs per block from which the layer, or a layer within it, uses an FFT if the stream has one.
   * undefined: it always uses the direct method, with identical bits.
   */
  readonly fftFrom: number | undefined;
  /** Memory of the weights and of one stream, in bytes. */
  readonly bytes: number;
}

/** Cost and timing of a network. */
export interface Plan {
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Number of channels per output frame. */
  readonly outChannels: number;
  /** Input rate in Hz. 0 = irregular. */
  readonly rate: number;
  /** Output rate in Hz. 0 = irregular. */
  readonly outRate: number;
  /** Input frames per output frame. */
  readonly stride: number;
  /** Number of input frames that one output depends on, equation (3). */
  readonly receptiveField: number;
  /** Delay of the center of the taps, from input to output. */
  readonly groupDelay: Delay;
  /** Input frames before the first output. */
  readonly wait: number;
  /** Multiply-adds per second at the planned rate. 0 if the rate is irregular. */
  readonly macsPerSecond: number;
  /** Memory of the weights, which all streams of a network share, in bytes. */
  readonly weightBytes: number;
  /** Memory of one stream in bytes: its delay lines and its JavaScript objects. */
  readonly streamBytes: number;
  /**
   * Memory of one stream with gradients. Optimizer state and gradients that wait for more than 16 outputs are not
   * included.
   */
  readonly learningBytes: number;
  /** Memory of one stream with an FFT, which requires longer delay lines and the spectra of kernels. */
  readonly fftBytes: number;
  /** Memory of the weights and one stream. */
  readonly bytes: number;
  /** Cost and timing of each layer, in order. */
  readonly layers: readonly LayerPlan[];
}

/**
 * Computes the cost and the delay of a network before any sample arrives.
 *
 *     R = 1 + Σ_l (K_l - 1) D_l Π_{i<l} S_i                                           equation (3)
 *     group delay = Σ_l (K_l - 1) D_l / 2 · Π_{i<l} S_i                                (center of a symmetric kernel)
 *
 * @param rate input sampling rate in Hz, 0 = irregular
 * @throws RangeError or TypeError with the layer's number and the reason if the network cannot run as a stream
 */
export function plan(spec: NetworkSpec, rate: number = 0): Plan {
  if (typeof rate !== 'number') throw invalid('rate', 'a number >= 0 in Hz', rate, TypeError);
  if (!(rate >= 0 && rate < Infinity)) throw invalid('rate', 'a number >= 0 in Hz', rate);
  const built = layersOf(spec);
  checkStreams(built);
  const layers = built.map((layer, index): LayerPlan => {
    const { stride, up, receptiveField, delay, framesFor } = chain(built.slice(0, index + 1).map(({ pace }) => pace));
    const { type, inChannels, outChannels, macs, eagerMacs = macs, pace } = layer;
    const perFrame = (macs * up) / stride;
    return {
      index,
      type,
      inChannels,
      outChannels,
      rate: (rate * up) / stride,
      stride: pace.stride / pace.up,
      receptiveField: Math.ceil(receptiveField),
      groupDelay: delayOf(delay, rate),
      wait: framesFor(1) - 1,
      macs,
      macsPerFrame: perFrame,
      macsPerSecond: perFrame * rate,
      eagerMacs,
      fftFrom: layer.fftFrom,
      bytes: weightBytesOf(layer) + total(layer.memory(false)),
    };
  });
  const { stride, up, receptiveField, delay, framesFor } = chain(built.map(({ pace }) => pace));
  const weightBytes = sum(built, weightBytesOf);
  const streamBytes = streamObjects + total(memoryOfAll(built.map((layer) => layer.memory(false))));
  return {
    inChannels: spec.inChannels,
    outChannels: layers.at(-1)?.outChannels ?? spec.inChannels,
    rate,
    outRate: (rate * up) / stride,
    stride: stride / up,
    receptiveField: Math.ceil(receptiveField),
    groupDelay: delayOf(delay, rate),
    wait: framesFor(1) - 1,
    macsPerSecond: sum(layers, (layer) => layer.macsPerSecond),
    weightBytes,
    streamBytes,
    learningBytes: streamObjects + total(memoryOfAll(built.map((layer) => layer.memory(true)))),
    fftBytes: streamObjects + total(memoryOfAll(built.map((layer) => layer.memory(false, true)))),
    bytes: weightBytes + streamBytes,
    layers,
  };
}

/** Throws, with the layer's number and the reason, if a layer cannot run as a stream. */
export function checkStreams(layers: readonly Layer[]): void {
  for (const [index, { pace }] of layers.entries()) {
    if (pace.framesFor(1) === Infinity) {
      const rule = "set to run as a stream with padding 'wrap' (statLength: with 'mean' or 'median')";
      throw invalid(`layers[${index}].period`, rule, undefined);
    }
  }
}

/** Returns the memory of a layer's weights in the engine's layout, in bytes. */
function weightBytesOf({ parameters }: Layer): number {
  return 4 * sum(parameters, packedCount);
}

function total({ arena, objects }: Memory): number {
  return arena + objects;
}

function delayOf(frames: number, rate: number): Delay {
  return { frames, ms: rate > 0 ? (frames * 1000) / rate : NaN };
}
