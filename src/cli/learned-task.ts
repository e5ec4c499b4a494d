import type { LearnerOptions } from '../core/learning/learner-options.ts';
import { jsonIn } from '../core/state/safetensors.ts';
import type { Channel } from '../formats/index.ts';

/** A channel, as it is saved with weights. */
export type SavedChannel = Pick<Channel, 'label' | 'unit'>;

/** What a network was trained to do, as saved under `task` in the metadata of its weights file. */
export interface LearnedTask {
  readonly task: NonNullable<LearnerOptions['task']>;
  /** Forecast horizon in frames; absent for other tasks. */
  readonly horizon?: number;
  /** Sampling rate of the recordings in Hz. */
  readonly rate: number;
  /** Time constant of the standardization in seconds; absent if the input was not standardized. */
  readonly standardize?: number;
  /** Channels that the network reads, in order. */
  readonly inputs: readonly SavedChannel[];
  /** Channels that the outputs of the network predict, in order. */
  readonly outputs: readonly SavedChannel[];
}

/** Returns the metadata of a weights file that `learnedTaskIn` reads. */
export function learnedTaskMetadata(task: LearnedTask): Record<string, string> {
  const saved = ({ label, unit }: SavedChannel) => ({ label, ...(unit !== undefined && { unit }) });
  return {
    task: JSON.stringify({ ...task, inputs: task.inputs.map(saved), outputs: task.outputs.map(saved) }),
  };
}

/**
 * Returns the task in the metadata of a weights file; undefined if there is none, as in files of earlier versions.
 * @throws TypeError if it is malformed
 */
export function learnedTaskIn(metadata: Record<string, string>): LearnedTask | undefined {
  if (metadata.task === undefined) return undefined;
  const read = jsonIn(metadata, 'task') as LearnedTask | null;
  const areChannels = (channels: unknown) =>
    Array.isArray(channels) && channels.every((each: SavedChannel | null) => typeof each?.label === 'string');
  const isValid =
    read !== null &&
    areChannels(read.inputs) &&
    areChannels(read.outputs) &&
    Object.hasOwn(outputNames, read.task) &&
    Number.isFinite(read.rate) &&
    (read.task !== 'forecast' || Number.isSafeInteger(read.horizon)) &&
    (read.standardize === undefined || read.standardize > 0);
  if (!isValid) throw new TypeError('metadata.task of the file must be that of weights written by tapline learn');
  return read;
}

const outputNames: Record<LearnedTask['task'], (label: string, horizon: number) => string> = {
  forecast: (label, horizon) => `${label} in ${horizon} frame${horizon === 1 ? '' : 's'}`,
  target: (label) => `predicted ${label}`,
  reconstruct: (label) => `reconstructed ${label}`,
  cancel: (label) => `interference in ${label}`,
};

/** Names of the outputs of a network: what they predict, such as `Oz in 8 frames` or `predicted Oz`. */
export function outputLabels({ task, horizon = 1, outputs }: LearnedTask): string[] {
  return outputs.map(({ label }) => outputNames[task](label, horizon));
}
