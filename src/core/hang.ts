import type { Layer } from './network-spec.ts';

/** How many outputs the layers have brought after `frames` input frames, counted from absolute frame 0. */
export function outputsAfter(layers: readonly Layer[], frames: number): number {
  let count = frames;
  for (const layer of layers) {
    if (layer.type === 'activation') continue;
    const { anchor, stride } = layer.windowing;
    count = Math.max(0, Math.floor((count - 1 - anchor) / stride) + 1);
  }
  return count;
}

/** The absolute input frame that output `index` of the last layer hangs on: nS + f, layer by layer downwards. */
export function hangOf(layers: readonly Layer[], index: number): number {
  let frame = index;
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l];
    if (layer.type !== 'activation') frame = frame * layer.windowing.stride + layer.windowing.anchor;
  }
  return frame;
}

/** Input frames per output frame. */
export function strideOf(layers: readonly Layer[]): number {
  return hangOf(layers, 1) - hangOf(layers, 0);
}
