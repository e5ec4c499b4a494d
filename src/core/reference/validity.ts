import type { LayerSpec } from '../network-spec.ts';
import { hangOf } from './hang.ts';

/** Validity of a layer's first `outputs` outputs, 1 or 0: an output is valid when every frame that it sees came and is. */
export function validity(layer: LayerSpec, valid: ArrayLike<number>, outputs: number): Uint8Array {
  return Uint8Array.from({ length: outputs }, (_, n) => Number(tapsOf(layer, n).every((t) => valid[t] === 1)));
}

/** The input frames that output n of a layer sees; those outside the recording are padding. */
export function tapsOf(layer: LayerSpec, n: number): number[] {
  const hang = hangOf(layer, n);
  switch (layer.type) {
    case 'conv1d':
    case 'avgPool':
    case 'maxPool': {
      const D = layer.type === 'conv1d' ? (layer.dilation ?? 1) : 1;
      return Array.from({ length: layer.kernelSize }, (_, k) => hang - k * D);
    }
    case 'convTranspose1d': {
      const { kernelSize: K, stride: S = 1, dilation: D = 1 } = layer;
      const taps = Array.from({ length: K }, (_, k) => (n - k * D) / S).filter(Number.isInteger);
      // an output between the taps is as good as the frame that it comes with
      return taps.length > 0 ? taps : [hang];
    }
    default:
      return [hang];
  }
}
