import { invalid } from '../check.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import { anchorOf } from './anchor.ts';

/** The input frame that output n of a layer hangs on: the newest that it may see. In a tail it lies behind the end. */
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

/** The frame of what goes into the first of `layers` that output n of the last hangs on. */
export function alignedFrameOfStack(layers: readonly LayerSpec[], n: number): number {
  return layers.reduceRight((frame, layer) => alignedFrame(layer, frame), n);
}

/**
 * How many outputs of each branch come before those that meet: the earliest after which the n-th outputs of all branches
 * hang on one frame, for every n. Throws RangeError where they never do.
 */
export function skipCounts(branches: readonly LayerSpec[][]): number[] {
  const maxSearch = 1000;
  for (let first = 0; first < maxSearch; first++) {
    const drops = branches.map((layers) => {
      for (let drop = 0; alignedFrameOfStack(layers, drop) <= alignedFrameOfStack(branches[0], first); drop++) {
        if (staysAligned(layers, drop, branches[0], first)) return drop;
      }
      return -1;
    });
    if (!drops.includes(-1)) return drops;
  }
  throw invalid('branches', 'such that their outputs hang on the same frames', branches);
}

/** Whether the outputs of two stacks hang on the same frames, from these two on. */
function staysAligned(a: readonly LayerSpec[], fromA: number, b: readonly LayerSpec[], fromB: number): boolean {
  const checkedOutputs = 60;
  for (let n = 0; n < checkedOutputs; n++) if (alignedFrameOfStack(a, fromA + n) !== alignedFrameOfStack(b, fromB + n)) return false;
  return true;
}

/** Validity of a layer's first `outputs` outputs, 1 or 0: an output is valid when every frame that it sees came and is. */
export function validity(layer: LayerSpec, valid: ArrayLike<number>, outputs: number): Uint8Array {
  return Uint8Array.from({ length: outputs }, (_, n) => Number(tapsOf(layer, n).every((t) => valid[t] === 1)));
}

/** The input frames that output n of a layer sees; those outside the recording are padding. */
function tapsOf(layer: LayerSpec, n: number): number[] {
  const hang = alignedFrame(layer, n);
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
