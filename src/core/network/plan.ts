import { invalid } from '../check.ts';
import { packedCount, type Layer } from '../layers/layer.ts';
import { memoryOfAll, streamObjects, type Memory } from '../memory/memory-size.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { chain } from '../layers/pace.ts';
import { sum } from '../sum.ts';

export interface Delay {
  /** In frames of the network's input. */
  readonly frames: number;
  /** NaN when the rate is irregular. */
  readonly ms: number;
}

export interface LayerPlan {
  readonly index: number;
  readonly type: string;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Output frames a second, in Hz; 0 = irregular. */
  readonly rate: number;
  /** Frames of the layer's input per output; below 1 where it upsamples. */
  readonly stride: number;
  /** Frames of the network's input that one output of this layer sees, equation (3). */
  readonly receptiveField: number;
  /** How late the centre of the taps is, from the network's input to this layer's output. */
  readonly groupDelay: Delay;
  /** Frames of the network's input before the first output. */
  readonly wait: number;
  /** Multiply-adds of one output. */
  readonly macs: number;
  readonly macsPerFrame: number;
  /** Multiply-adds a second at the planned rate. */
  readonly macsPerSecond: number;
  /** Multiply-adds left to do for one output when its frame arrives, where the stream is eager and was prepared. */
  readonly eagerMacs: number;
  /**
   * Outputs that a block must bring for the layer, or one within it, to go by FFT in a stream that has one; undefined: it always goes the
   * direct way, bit for bit.
   */
  readonly fftFrom: number | undefined;
  /** Memory of the weights and of one stream, in bytes. */
  readonly bytes: number;
}

export interface Plan {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input frames a second, in Hz; 0 = irregular. */
  readonly rate: number;
  readonly outRate: number;
  /** Input frames per output frame. */
  readonly stride: number;
  readonly receptiveField: number;
  readonly groupDelay: Delay;
  /** Input frames before the first output. */
  readonly wait: number;
  readonly macsPerSecond: number;
  /** Memory of the weights, which all streams of a network share, in bytes. */
  readonly weightBytes: number;
  /** Memory of one stream: its lines, and what JavaScript takes for it. */
  readonly streamBytes: number;
  /** The same of a stream that learns; what an optimizer remembers comes on top, and gradients that wait more than 16 outputs. */
  readonly learningBytes: number;
  /** The same of a stream with an FFT: longer lines, and the spectra of kernels. */
  readonly fftBytes: number;
  /** Memory of the weights and of one stream. */
  readonly bytes: number;
  readonly layers: readonly LayerPlan[];
}

/**
 * What a network will cost and how late it will be, before a sample flows.
 *
 *     R = 1 + Σ_l (K_l - 1) D_l Π_{i<l} S_i                                           equation (3)
 *     group delay = Σ_l (K_l - 1) D_l / 2 · Π_{i<l} S_i                                (a symmetric kernel's centre)
 *
 * @param rate input frames a second, in Hz; 0 = irregular
 * @throws RangeError or TypeError that names the layer's number and the reason, when the network cannot stream
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

/** Throws, with the layer's number and the reason, where a layer cannot run as a stream. */
export function checkStreams(layers: readonly Layer[]): void {
  for (const [index, { pace }] of layers.entries()) {
    if (pace.framesFor(1) === Infinity) {
      const rule = "given where padding is 'wrap', and statLength where it is 'mean' or 'median', to run as a stream";
      throw invalid(`layers[${index}].period`, rule, undefined);
    }
  }
}

/** Memory of a layer's weights as the engine holds them. */
function weightBytesOf({ parameters }: Layer): number {
  return 4 * sum(parameters, packedCount);
}

function total({ arena, objects }: Memory): number {
  return arena + objects;
}

function delayOf(frames: number, rate: number): Delay {
  return { frames, ms: rate > 0 ? (frames * 1000) / rate : NaN };
}
