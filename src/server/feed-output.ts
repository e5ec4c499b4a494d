import type { Block } from '../core/blocks/block.ts';
import type { GapMessage, KernelsMessage, LossMessage, MarkMessage, RunMessage } from '../protocol/watch-message.ts';

/** A learner's kernels, as they are and as they began. */
export type KernelsOutput = Omit<KernelsMessage, 'id'> & { start: number[] };
/** What comes of a stream's blocks. */
export type PipelineOutput =
  | { type: 'features'; map: number; block: Block }
  | { type: 'prediction'; learner: number; block: Block }
  | KernelsOutput
  | Omit<LossMessage, 'id'>
  | { type: 'broken'; where: string; message: string };
/** Everything that a feed tells, as plain messages. */
export type FeedOutput =
  | PipelineOutput
  | { type: 'raw'; block: Block }
  | Omit<MarkMessage, 'id'>
  | Omit<GapMessage, 'id'>
  | Omit<RunMessage, 'id'>
  /** What the feed says of itself has changed. */
  | { type: 'info' };
