import type { Block } from '../blocks/block.ts';
import { fields, integer, invalid, oneOf } from '../check.ts';
import { checkControl, type LearnControl } from '../learning/learn-control.ts';
import type { Optimizer } from '../learning/optimizers/optimizer.ts';
import type { Network } from '../network/network.ts';
import type { WeightsLike } from '../network/weights.ts';
import { checkStage, type StageName, type StageSpec } from './pipeline-spec.ts';

/** Frames of the stream. */
export interface BlockMessage {
  /** Selects the kind of message. */
  type: 'block';
  /** The frames. A jump of `start` is a gap. */
  block: Block;
}

/** Frames of another stream, which are the targets of the frames with the same index. */
export interface TargetsMessage {
  /** Selects the kind of message. */
  type: 'targets';
  /** Name of the target stream, as in `target` of a learner's spec. Default: ''. */
  from?: string;
  /** The targets, [frames, outChannels]: one channel per output channel of the learner. */
  block: Block;
}

/** Changes a running learner. */
export interface ControlMessage extends LearnControl {
  /** Selects the kind of message. */
  type: 'control';
  /** Absolute index of the first frame that the message applies to. Default: the next frame. */
  at?: number;
  /** Name of the learner. */
  learner: string;
}

/**
 * Adds a stage, or replaces the stage with the same name. The new stage starts at frame `at` with empty delay lines.
 */
export interface AddMessage {
  /** Selects the kind of message. */
  type: 'add';
  /** As in `ControlMessage`. */
  at?: number;
  /** The stage. */
  stage: StageSpec;
  /**
   * Weights by content hash, if the spec of the stage contains the hash. A `Network` is not plain data; see
   * `PipelineOptions`.
   */
  weights?: Readonly<Record<string, Network | WeightsLike>>;
  /** Optimizer of the learner, if it is not plain JSON. It is not saved. */
  optimizer?: Optimizer;
}

/** Removes a stage. */
export interface RemoveMessage {
  /** Selects the kind of message. */
  type: 'remove';
  /** As in `ControlMessage`. */
  at?: number;
  /** Name of the stage. */
  stage: StageName;
}

/** Restarts a stage from its spec, for example after it has failed. */
export interface RestartMessage {
  /** Selects the kind of message. */
  type: 'restart';
  /** As in `ControlMessage`. */
  at?: number;
  /** Name of the stage. */
  stage: StageName;
}

/**
 * Verdict of a person on the current alarm. 'normal': no frame is flagged until the detector raises another alarm.
 * 'anomalous': every frame is flagged until a message with 'normal' applies.
 */
export interface FeedbackMessage {
  /** Selects the kind of message. */
  type: 'feedback';
  /** As in `ControlMessage`. */
  at?: number;
  /** Whether the signal is normal or anomalous. */
  verdict: 'normal' | 'anomalous';
}

/** A message that applies from frame `at` on. */
export type TimedMessage = ControlMessage | AddMessage | RemoveMessage | RestartMessage | FeedbackMessage;

/** The frame from which a message applies. */
export interface Stamp {
  /** Absolute index of the frame. */
  at: number;
}

/**
 * An input of a pipeline. Messages are plain data, so that a pipeline can run in another thread or on another machine.
 * The same messages in the same order give the same bits in every thread and on every machine.
 */
export type PipelineMessage = BlockMessage | TargetsMessage | TimedMessage;

const types = ['block', 'targets', 'control', 'add', 'remove', 'restart', 'feedback'] as const;

/** Throws an error that names the invalid field of a message. Blocks are checked where they are processed. */
export function checkPipelineMessage(message: PipelineMessage): void {
  const { type } = fields('message', message, 'a PipelineMessage');
  oneOf('type of a message', type, types);
  if (message.type === 'block' || message.type === 'targets') return;
  if (message.at !== undefined) integer('at', message.at, 0);
  switch (message.type) {
    case 'control':
      checkControl(message);
      break;
    case 'add':
      checkStage(fields('stage', message.stage, '{ kind, spec }'));
      break;
    case 'feedback':
      oneOf('verdict', message.verdict, ['normal', 'anomalous']);
      break;
    case 'remove':
    case 'restart':
      if (typeof message.stage !== 'string') throw invalid('stage', 'the name of a stage', message.stage, TypeError);
  }
}
