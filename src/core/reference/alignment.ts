import { integer, invalid, oneOf } from '../check.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import type { Mode } from '../layers/windowing.ts';

const modes = ['causal', 'valid', 'same', 'full'] as const;

/** The positions of a layer's outputs. */
export interface Anchor {
  /** f: the input frame that output 0 is aligned with. */
  readonly anchor: number;
  /** Maximum distance of the last output's frame from the last frame of the recording. */
  readonly right: number;
}

/**
 * Returns the anchor f of a mode: output n is aligned with input frame nS + f, where its newest tap is.
 *
 *     causal   f = phase             right 0
 *     valid    f = (K-1)D            right 0
 *     same     f = ⌊(K-1)D / 2⌋      right f
 *     full     f = 0                 right (K-1)D
 *     [l, r]   f = (K-1)D - l        right r
 *
 * `span` is (K-1)D. Throws RangeError if l or r is outside 0 … span, or if phase is outside 0 … S-1 or given for a mode
 * other than 'causal'. Throws TypeError for an unknown mode.
 */
export function anchorOf(mode: Mode, span: number, stride = 1, phase?: number): Anchor {
  if (phase !== undefined && mode !== 'causal') throw invalid('phase', "absent unless mode is 'causal'", phase);
  if (Array.isArray(mode)) {
    const [left, right] = mode as readonly [number, number];
    if (integer('left', left, 0) > span) throw invalid('left', `an integer <= ${span}`, left);
    if (integer('right', right, 0) > span) throw invalid('right', `an integer <= ${span}`, right);
    return { anchor: span - left, right };
  }
  switch (oneOf('mode', mode as string, modes)) {
    case 'causal':
      if (integer('phase', phase ?? 0, 0) >= stride) throw invalid('phase', `< its stride ${stride}`, phase);
      return { anchor: phase ?? 0, right: 0 };
    case 'valid':
      return { anchor: span, right: 0 };
    case 'same':
      return { anchor: Math.floor(span / 2), right: Math.floor(span / 2) };
    case 'full':
      return { anchor: 0, right: span };
  }
}

/**
 * Returns the number of outputs for `frames` input frames: one for each aligned frame f, f + S, … ≤ frames - 1 + right.
 */
export function outputsOf(frames: number, { anchor, right }: Anchor, stride: number): number {
  const last = frames - 1 + right;
  return frames === 0 || last < anchor ? 0 : Math.floor((last - anchor) / stride) + 1;
}

/**
 * Returns the input frame that output n of a layer is aligned with: the newest frame it may depend on. In a tail, it is
 * after the end.
 */
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
  for (let n = 0; n < checkedOutputs; n++)
    if (alignedFrameOfStack(a, fromA + n) !== alignedFrameOfStack(b, fromB + n)) return false;
  return true;
}

/**
 * Returns the validity of a layer's first `outputs` outputs. An output is valid (1) if every frame it reads exists and
 * is valid.
 */
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
