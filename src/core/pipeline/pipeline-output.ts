import type { Block } from '../blocks/block.ts';
import { cutBlock } from '../blocks/cut-block.ts';
import type { Detected } from '../detector/detector.ts';
import type { Learned } from '../learning/learned.ts';
import type { StageFailure } from './stage-slot.ts';

/** Results of all stages for consecutive frames, or for the filled gap before them. */
export interface PipelineOutput {
  /** Input frames, with filled gaps, in their original unit. */
  readonly raw: Block;
  /** The same frames, standardized; `raw` if standardization is off or has failed. */
  readonly block: Block;
  /** Result of the detector; null if there is no detector, or if these frames complete no frame of its digest. */
  readonly detected: Detected | null;
  /** Outputs of every feature map, by name; null if no output is aligned with these frames. */
  readonly maps: Readonly<Record<string, Block | null>>;
  /** Result of every learner, by name. */
  readonly learners: Readonly<Record<string, Learned>>;
  /** Outputs of the feature map 'features'; null if there are none. */
  readonly features: Block | null;
  /** Result of the learner 'learner'; null if there is none. */
  readonly learned: Learned | null;
  /** Stages that have failed since the last output. This output and later ones contain no results of them. */
  readonly failures: readonly StageFailure[];
}

/**
 * Returns the output for a gap that completed a frame of the detector's digest.
 * @param next frames after the gap
 */
export function gapOutput(next: Block, detected: Detected): PipelineOutput {
  const raw = cutBlock(next, next.start, 0);
  return { raw, block: raw, detected, maps: {}, learners: {}, features: null, learned: null, failures: [] };
}
