import { type Block, frameCount } from '../core/blocks/block.ts';
import type { AddMessage, TargetsMessage } from '../core/pipeline/pipeline-message.ts';
import type { MessageEvent } from '../store/recorded-event.ts';
import type { AddedStage, Taught } from './feed-output.ts';
import type { StageSetup } from './stage-setup.ts';

/** A recorded message to a pipeline. */
export type RecordedMessage = MessageEvent['message'];

/** A recorded message that adds a stage, with the other fields of `AddedStage`. */
interface ReplayedAdd extends AddMessage, Omit<AddedStage, 'setup'> {
  strict?: boolean;
}

/** A recorded message with targets, with the run of their stream. */
interface ReplayedTargets extends TargetsMessage {
  run?: number;
}

/**
 * Returns the message to record for a stage that was added before frame `at`; undefined for one that is not plain data. The state that
 * is saved when it is added contains it.
 */
export function addMessage({ setup, ...more }: AddedStage, at: number): RecordedMessage | undefined {
  const { stage, weights, strict, optimizer } = setup;
  if (optimizer) return undefined;
  const message: ReplayedAdd = { type: 'add', at, stage, weights, ...(strict && { strict }), ...more };
  return message;
}

/** Returns the stage that a recorded message adds. */
export function addedStage(message: AddMessage): AddedStage {
  const { stage, weights, keep, strict, isNew, target } = message as ReplayedAdd;
  const setup: StageSetup = { stage, weights, strict, replayed: isNew ? 'new' : 'again' };
  return { setup, keep, isNew, ...(target && { target }) };
}

/** Returns the message to record for frames of a target stream: its own recording can be written earlier or later. */
export function targetsMessage(stream: string, run: number, block: Block): RecordedMessage {
  const message: ReplayedTargets = { type: 'targets', from: stream, run, block };
  return message;
}

/** Returns the stream of recorded targets, and how far they go. */
export function targetsIn(message: TargetsMessage): { stream: string } & Taught {
  const { from = '', block, run = -1 } = message as ReplayedTargets;
  return { stream: from, run, next: block.start + frameCount(block) };
}
