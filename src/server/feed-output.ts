import type { Block } from '../core/blocks/block.ts';
import type { Detected } from '../core/detector/detector.ts';
import type { GapMessage, KernelsMessage, LossMessage, MarkMessage, RunMessage } from '../protocol/watch-message.ts';

/** Current and initial kernels of a learner. */
export type KernelsOutput = Omit<KernelsMessage, 'id'> & { start: number[] };

/** An output of a feed's pipeline: plain data, so that the pipeline can run in another thread. */
export type StageOutput =
  | { type: 'features'; map: number; block: Block }
  | { type: 'prediction'; learner: number; block: Block }
  | KernelsOutput
  | Omit<LossMessage, 'id'>
  /** The learning rate of a learner now. */
  | { type: 'learningRate'; learner: number; learningRate: number }
  /** What the detector found in frames up to `end`, and the number of stream frames per detector frame. */
  | { type: 'detected'; detected: Detected; every: number; end: number }
  /** A stage has failed, and is off until it is restarted. */
  | { type: 'broken'; where: string; message: string };

/** An output of a feed. */
export type FeedOutput =
  | StageOutput
  | { type: 'raw'; block: Block }
  | Omit<MarkMessage, 'id'>
  | Omit<GapMessage, 'id'>
  | Omit<RunMessage, 'id'>
  /** The feed's `info` has changed. */
  | { type: 'info' };
