import { integer, invalid, oneOf } from '../check.ts';

const modes = ['causal', 'valid', 'same', 'full'] as const;

/** Which input frames the outputs of a layer hang on. */
export type LayerMode = (typeof modes)[number] | readonly [left: number, right: number];

/** Where the outputs of a layer lie. */
export interface Anchor {
  /** f: the input frame that output 0 hangs on. */
  readonly anchor: number;
  /** How far behind the last frame of a recording the last output may hang. */
  readonly right: number;
}

/**
 * The anchor f of a mode: output n hangs on input frame nS + f, its newest tap lies there.
 *
 *     causal   f = phase             right 0
 *     valid    f = (K-1)D            right 0
 *     same     f = ⌊(K-1)D / 2⌋      right f
 *     full     f = 0                 right (K-1)D
 *     [l, r]   f = (K-1)D - l        right r
 *
 * `span` is (K-1)D. Throws RangeError where l or r lie outside 0 … span or phase outside 0 … S-1 or is
 * given to another mode than 'causal', TypeError for an unknown mode.
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

/** How many outputs a recording of `frames` frames has: one for each hang f, f + S, … ≤ frames - 1 + right. */
export function outputsOf(frames: number, { anchor, right }: Anchor, stride: number): number {
  const last = frames - 1 + right;
  return frames === 0 || last < anchor ? 0 : Math.floor((last - anchor) / stride) + 1;
}
