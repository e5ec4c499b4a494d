import { integer, invalid, oneOf } from './check.ts';
import type { LearnerOptions } from './learner.ts';
import type { Network } from './network.ts';

/** Which channels of a block a learner's network sees, which are its truth, and when that is known. */
export interface Task {
  readonly name: NonNullable<LearnerOptions['task']>;
  /** Whether the truth is brought from outside. */
  readonly taught: boolean;
  /** Frames from the one that an output hangs on to its truth. */
  readonly lead: number;
  /** The most frames that an output comes after the one that it hangs on. */
  readonly delay: number;
  /** Channels of a block. */
  readonly channels: number;
  /** Places in a frame of what the network sees, and of what it is to say. */
  readonly inputs: readonly number[];
  readonly truths: readonly number[];
  /** Room for one truth. */
  readonly truth: Float32Array;
}

/** The task of a learner of `network`. Throws when the two do not fit. */
export function taskOf({ inChannels, outChannels, pace }: Network, options: LearnerOptions): Task {
  const names = ['forecast', 'target', 'reconstruct', 'cancel'] as const;
  const name = oneOf('task', options.task ?? 'forecast', names);
  const { horizon = 1, reference = [] } = options;
  const channels = name === 'cancel' ? inChannels + outChannels : inChannels;
  const all = Array.from({ length: channels }, (_, c) => c);
  if (name === 'cancel') checkReference(reference, inChannels, channels);
  else if (name !== 'target' && inChannels !== outChannels) {
    const verb = name === 'forecast' ? 'forecasts' : 'reconstructs';
    throw invalid(`outChannels of a network that ${verb}`, `its ${inChannels} channels in`, outChannels);
  }
  const inputs = name === 'cancel' ? reference : all;
  const truths = name === 'cancel' ? all.filter((c) => !reference.includes(c)) : all;
  return {
    name,
    taught: name === 'target',
    lead: name === 'forecast' ? integer('horizon', horizon, 1) : 0,
    delay: Math.max(0, pace.framesFor(1) - 1 - pace.hang(0)) + pace.settle,
    channels,
    inputs,
    truths,
    truth: new Float32Array(truths.length),
  };
}

function checkReference(reference: readonly number[], count: number, channels: number): void {
  const places = new Set(reference.filter((c) => Number.isInteger(c) && c >= 0 && c < channels));
  if (reference.length === count && places.size === count) return;
  const rule = `${count} different channels of 0 … ${channels - 1}, one for each that the network takes`;
  throw invalid('reference', rule, `[${reference.join(', ')}]`);
}
