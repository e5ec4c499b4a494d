import { invalid } from '../check.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import { anchorOf } from './anchor.ts';

/** Returns the input frame that output n of a layer is aligned with: the newest frame it may depend on. In a tail, it is after the end. */
export function alignedFrame(layer: LayerSpec, n: number): number {
  switch (layer.type) {
    case 'conv1d': {
      const { kernelSize: K, stride: S = 1, dilation: D = 1, mode = 'causal', phase } = layer;
      return n * S + anchorOf(mode, (K - 1) * D, S, phase).anchor;
    }
    case 'avgPool':
    case 'maxPool':
      return n * (layer.stride ?? layer.kernelSize) + layer.kernelSize - 1;
    case 'convTranspose1d':
      return Math.floor(n / (layer.stride ?? 1));
    case 'residual':
      return alignedFrameOfStack(layer.layers, n);
    case 'concat':
      return alignedFrameOfStack(layer.branches[0], n + skipCounts(layer.branches)[0]);
    default:
      return n;
  }
}

/** Returns the input frame of the first of `layers` that output n of the last one is aligned with. */
export function alignedFrameOfStack(layers: readonly LayerSpec[], n: number): number {
  return layers.reduceRight((frame, layer) => alignedFrame(layer, frame), n);
}

/**
 * Returns how many outputs each branch skips: the smallest numbers for which the n-th remaining outputs of all branches
 * are aligned with the same frame, for every n. Throws RangeError if there are none.
 */
export function skipCounts(branches: readonly LayerSpec[][]): number[] {
  const maxSearch = 1000;
  for (let first = 0; first < maxSearch; first++) {
    const skips = branches.map((layers) => {
      for (let skip = 0; alignedFrameOfStack(layers, skip) <= alignedFrameOfStack(branches[0], first); skip++) {
        if (staysAligned(layers, skip, branches[0], first)) return skip;
      }
      return -1;
    });
    if (!skips.includes(-1)) return skips;
  }
  throw invalid('branches', 'such that their outputs are aligned with the same frames', branches);
}

/** Returns whether the outputs of two stacks are aligned with the same frames, from these two outputs on. */
function staysAligned(a: readonly LayerSpec[], fromA: number, b: readonly LayerSpec[], fromB: number): boolean {
  const checkedOutputs = 60;
  for (let n = 0; n < checkedOutputs; n++) if (alignedFrameOfStack(a, fromA + n) !== alignedFrameOfStack(b, fromB + n)) return false;
  return true;
}

/** Returns the validity of a layer's first `outputs` outputs. An output is valid (1) if every frame it reads exists and is valid. */
export function validity(layer: LayerSpec, valid: ArrayLike<number>, outputs: number): Uint8Array {
  return Uint8Array.from({ length: outputs }, (_, n) => Number(tapsOf(layer, n).every((t) => valid[t] === 1)));
}

/** Returns the input frames that output n of a layer reads. Frames outside the recording are padding. */
function tapsOf(layer: LayerSpec, n: number): number[] {
  const frame = alignedFrame(layer, n);
  switch (layer.type) {
    case 'conv1d':
    case 'avgPool':
    case 'maxPool': {
      const D = layer.type === 'conv1d' ? (layer.dilation ?? 1) : 1;
      return Array.from({ length: layer.kernelSize }, (_, k) => frame - k * D);
    }
    case 'convTranspose1d': {
      const { kernelSize: K, stride: S = 1, dilation: D = 1 } = layer;
      const taps = Array.from({ length: K }, (_, k) => (n - k * D) / S).filter(Number.isInteger);
      // an output that no tap reaches has the validity of the frame that it is aligned with
      return taps.length > 0 ? taps : [frame];
    }
    default:
      return [frame];
  }
}
