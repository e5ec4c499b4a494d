import { invalid } from './check.ts';
import { layersOf, type Layer, type NetworkSpec } from './network-spec.ts';

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
  /** Frames of the layer's input per output. */
  readonly stride: number;
  /** Frames of the network's input that one output of this layer sees, equation (3). */
  readonly receptiveField: number;
  /** How late the centre of the taps is, from the network's input to this layer's output. */
  readonly groupDelay: Delay;
  /** Frames of the network's input before the first output. */
  readonly wait: number;
  readonly macsPerFrame: number;
  /** Multiply-adds a second at the planned rate. */
  readonly macsPerSecond: number;
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
  if (!(rate >= 0 && rate < Infinity)) throw invalid('rate', 'a number >= 0 in Hz', rate);
  let stride = 1;
  let receptiveField = 1;
  let delay = 0;
  let wait = 0;
  const layers = layersOf(spec).map((layer): LayerPlan => {
    const window = windowOf(layer);
    receptiveField += (window.receptiveField - 1) * stride;
    delay += ((window.receptiveField - 1) / 2) * stride;
    wait += window.anchor * stride;
    stride *= window.stride;
    const perFrame = macs(layer) / stride;
    return {
      index: layer.index,
      type: layer.type === 'activation' ? layer.activation : layer.type,
      inChannels: layer.inChannels,
      outChannels: layer.outChannels,
      rate: rate / stride,
      stride: window.stride,
      receptiveField,
      groupDelay: delayOf(delay, rate),
      wait,
      macsPerFrame: perFrame,
      macsPerSecond: perFrame * rate,
      bytes: bytes(layer),
    };
  });
  const sum = (key: 'macsPerSecond' | 'bytes') => layers.reduce((total, layer) => total + layer[key], 0);
  return {
    inChannels: spec.inChannels,
    outChannels: layers.at(-1)?.outChannels ?? spec.inChannels,
    rate,
    outRate: rate / stride,
    stride,
    receptiveField,
    groupDelay: delayOf(delay, rate),
    wait,
    macsPerSecond: sum('macsPerSecond'),
    bytes: sum('bytes'),
    layers,
  };
}

function delayOf(frames: number, rate: number): Delay {
  return { frames, ms: rate > 0 ? (frames * 1000) / rate : NaN };
}

function windowOf(layer: Layer): { receptiveField: number; stride: number; anchor: number } {
  return layer.type === 'activation' ? { receptiveField: 1, stride: 1, anchor: 0 } : layer.windowing;
}

/** Multiply-adds of one output frame. */
function macs(layer: Layer): number {
  if (layer.type === 'conv1d')
    return (layer.outChannels * layer.windowing.kernelSize * layer.inChannels) / layer.groups;
  return layer.type === 'avgPool' ? layer.outChannels * layer.windowing.kernelSize : 0;
}

function bytes(layer: Layer): number {
  if (layer.type === 'activation') return 0;
  const weights = layer.type === 'conv1d' ? macs(layer) + (layer.bias ? layer.outChannels : 0) : 0;
  return 4 * weights + 2 * layer.windowing.receptiveField * (4 * layer.inChannels + 1);
}
