import { integer, invalid, oneOf } from '../check.ts';

const modes = ['causal', 'valid', 'same', 'full'] as const;

/** The alignment of a layer's outputs with its input frames. */
export type LayerMode = (typeof modes)[number] | readonly [left: number, right: number];

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
export function anchorOf(mode: LayerMode, span: number, stride = 1, phase?: number): Anchor {
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

/** Returns the number of outputs for `frames` input frames: one for each aligned frame f, f + S, … ≤ frames - 1 + right. */
export function outputsOf(frames: number, { anchor, right }: Anchor, stride: number): number {
  const last = frames - 1 + right;
  return frames === 0 || last < anchor ? 0 : Math.floor((last - anchor) / stride) + 1;
}
