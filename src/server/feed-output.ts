import type { Block } from '../core/blocks/block.ts';
import type { GapMessage, KernelsMessage, LossMessage, MarkMessage, RunMessage } from '../protocol/watch-message.ts';

/** Current and initial kernels of a learner. */
export type KernelsOutput = Omit<KernelsMessage, 'id'> & { start: number[] };
/** An output of a feed's pipeline. */
export type PipelineOutput =
  | { type: 'features'; map: number; block: Block }
  | { type: 'prediction'; learner: number; block: Block }
  | KernelsOutput
  | Omit<LossMessage, 'id'>
  | { type: 'broken'; where: string; message: string };
/** An output of a feed. */
export type FeedOutput =
  | PipelineOutput
  | { type: 'raw'; block: Block }
  | Omit<MarkMessage, 'id'>
  | Omit<GapMessage, 'id'>
  | Omit<RunMessage, 'id'>
  /** The feed's `info` has changed. */
  | { type: 'info' };
