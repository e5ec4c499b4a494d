import type { LayerSpec } from '../layers/layer-spec.ts';
import type { Layer, ParameterSpec } from '../layers/layer.ts';
import { chain, type Pace } from '../layers/pace.ts';
import type { MemoryRange } from '../layers/parameter-gradients.ts';
import type { Engine } from '../memory/engine.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';

/**
 * The part of a `Network` that its streams use: checked layers, and the location of the weights in an engine's memory.
 */
export interface CompiledNetwork {
  /** Spec that the network was created from. */
  readonly spec: NetworkSpec;
  /** The engine that stores the weights and runs the streams of the network. */
  readonly engine: Engine;
  /** The layers of the spec in order, checked and with their timing and cost. */
  readonly layers: readonly Layer[];
  /** The timing of outputs relative to inputs. */
  readonly pace: Pace;
  /** Maximum number of outputs per input frame. */
  readonly maxOutputsPerFrame: number;
  /** Name, shape, and initial values of each trainable array. */
  readonly parameters: readonly ParameterSpec[];
  /** Locations of the values of `parameters` in the engine's memory, in the engine's layout. */
  readonly values: readonly MemoryRange[];
  /** Records changes of the weights, so that streams can detect them. */
  readonly changes: {
    /** Counter of weight changes. */
    readonly version: number;
  };
  /** Number of channels per input frame. */
  readonly inChannels: number;
  /** Number of channels per output frame. */
  readonly outChannels: number;
}

/**
 * Returns the layers of one stream and their combined pace. With `prewarm`, every layer has 'edge' padding, as if the
 * first frame had been repeated forever before the stream.
 */
export function layersFor(
  network: CompiledNetwork,
  prewarm: boolean,
): { readonly layers: readonly Layer[]; readonly pace: Pace } {
  if (!prewarm) return network;
  const { spec } = network;
  const layers = layersOf({ ...spec, layers: spec.layers.map(withEdgePadding) }, { edgePadding: true });
  return { layers, pace: chain(layers.map((layer) => layer.pace)) };
}

function withEdgePadding(layer: LayerSpec): LayerSpec {
  if (layer.type === 'conv1d') return { ...layer, padding: 'edge' };
  if (layer.type === 'residual') return { ...layer, layers: layer.layers.map(withEdgePadding) };
  if (layer.type === 'concat')
    return { ...layer, branches: layer.branches.map((layers) => layers.map(withEdgePadding)) };
  return layer;
}
