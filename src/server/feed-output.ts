import type { Block } from '../core/block.ts';

/** A learner's kernels: [out, taps, in], as they are and as they began. */
export interface KernelsOutput {
  type: 'kernels';
  learner: number;
  at: number;
  shape: [number, number, number];
  data: number[];
  start: number[];
}
/** A learner's running scores, null until known. */
export interface LossOutput {
  type: 'loss';
  learner: number;
  at: number;
  nmse: number | null;
  skill: number | null;
  persistence: number | null;
  rms: number | null;
}
/** What comes of a stream's blocks. */
export type PipelineOutput =
  | { type: 'features'; map: number; block: Block }
  | { type: 'prediction'; learner: number; block: Block }
  | KernelsOutput
  | LossOutput
  | { type: 'broken'; where: string; message: string };
/** Everything that a feed tells, as plain messages. */
export type FeedOutput =
  | PipelineOutput
  | { type: 'raw'; block: Block }
  | { type: 'mark'; at: number; label: string; frames?: number }
  | { type: 'gap'; from: number; count: number }
  | { type: 'run'; run: number; next: number }
  /** What the feed says of itself has changed. */
  | { type: 'info' };
