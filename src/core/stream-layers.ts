import type { Layer } from './layer.ts';
import type { Network } from './network.ts';
import { layersOf, type LayerSpec } from './network-spec.ts';

/** The layers of one stream; with `prewarm` as if the first frame had always been there: 'edge' padding on every one. */
export function streamLayers({ spec, layers }: Network, prewarm: boolean): readonly Layer[] {
  return prewarm ? layersOf({ ...spec, layers: spec.layers.map(edged) }) : layers;
}

function edged(layer: LayerSpec): LayerSpec {
  if (layer.type === 'conv1d') return { ...layer, padding: 'edge' };
  if (layer.type === 'residual') return { ...layer, layers: layer.layers.map(edged) };
  if (layer.type === 'concat') return { ...layer, branches: layer.branches.map((layers) => layers.map(edged)) };
  return layer;
}
