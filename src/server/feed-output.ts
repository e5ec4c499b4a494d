import type { Block } from '../core/blocks/block.ts';
import type { Detected } from '../core/detector/detector.ts';
import type { LateTargets } from '../core/learning/late-targets.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import type { KernelsMessage, LossMessage } from '../protocol/learner-message.ts';
import type { GapMessage, MarkMessage, RunMessage } from '../protocol/watch-message.ts';
import type { StageSetup } from './stage-setup.ts';

/** Current and initial kernels of a learner. */
export type KernelsOutput = Omit<KernelsMessage, 'id' | 'data'> & { data: Float32Array; start: number[] };

/** An output of a feed's pipeline. It is plain data, so that the pipeline can run in another thread. */
export type StageOutput =
  | { type: 'features'; map: number; block: Block }
  | { type: 'prediction'; learner: number; block: Block }
  | KernelsOutput
  | Omit<LossMessage, 'id'>
  /** The learning rate of a learner before frame `at`. */
  | { type: 'learningRate'; learner: number; at: number; learningRate: number; learning?: boolean }
  /**
   * Result of the detector for frames before frame `end`; `every` is the number of stream frames per detector frame.
   */
  | { type: 'detected'; detected: Detected; every: number; end: number }
  /** A learner does not use its saved weights, because they have other settings. */
  | { type: 'fresh'; learner: string }
  /** The targets that a learner has ignored so far, because they arrived too late. */
  | { type: 'late'; learner: string; late: LateTargets }
  /** The stage or other component `where` has failed. A stage is turned off until it is restarted. */
  | { type: 'broken'; where: string; message: string };

/** A stage that was added to a running pipeline. */
export interface AddedStage {
  readonly setup: StageSetup;
  /** As in `PipelineHost.add`. */
  readonly keep: boolean;
  /** Whether there was no stage of its name before. */
  readonly isNew: boolean;
  /** Its target stream, and the first frame of it that the stage can receive. */
  readonly target?: { readonly stream: string } & Taught;
}

/** How far the frames of a target stream have been passed to a pipeline. */
export interface Taught {
  /** Number of the run of the target stream. */
  readonly run: number;
  /** Index of the next frame of the target stream. */
  readonly next: number;
}

/** An output of a feed. */
export type FeedOutput =
  | StageOutput
  | { type: 'raw'; block: Block }
  | Omit<MarkMessage, 'id'>
  | Omit<GapMessage, 'id'>
  | Omit<RunMessage, 'id'>
  /** The pipeline has processed a message from frame `at` on. */
  | { type: 'message'; at: number; message: PipelineMessage }
  /** The pipeline has processed frames of another stream, which are targets. */
  | { type: 'targets'; stream: string; run: number; block: Block }
  /** Stages of the pipeline were added or removed. */
  | { type: 'stages'; added: AddedStage }
  /** The feed's `info` has changed. */
  | { type: 'info' };
