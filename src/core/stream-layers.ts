import type { Layer } from './layer.ts';
import type { Network } from './network.ts';
import { layersOf, type LayerSpec } from './network-spec.ts';
import { chain, type Pace } from './pace.ts';

/**
 * The layers of one stream and what they do to time; with `prewarm` as if the first frame had always been there: 'edge' padding on
 * every one.
 */
export function streamLayers(network: Network, prewarm: boolean): { layers: readonly Layer[]; pace: Pace } {
  if (!prewarm) return network;
  const { spec } = network;
  const layers = layersOf({ ...spec, layers: spec.layers.map(edged) });
  return { layers, pace: chain(layers.map((layer) => layer.pace)) };
}

function edged(layer: LayerSpec): LayerSpec {
  if (layer.type === 'conv1d') return { ...layer, padding: 'edge' };
  if (layer.type === 'residual') return { ...layer, layers: layer.layers.map(edged) };
  if (layer.type === 'concat') return { ...layer, branches: layer.branches.map((layers) => layers.map(edged)) };
  return layer;
}
