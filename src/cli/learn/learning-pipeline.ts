import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import type { Network } from '../../core/network/network.ts';
import { plan } from '../../core/network/plan.ts';
import { Pipeline } from '../../core/pipeline/pipeline.ts';
import type { Recording } from '../../formats/index.ts';
import type { LearnSpec } from './learn-options.ts';
import type { TaskChannels } from './task-channels.ts';

/** How the input of the learner is prepared. */
export interface LearningInput {
  readonly places: TaskChannels;
  /** Fill policy for gaps that are at most as long as the receptive field. */
  readonly gaps: GapPolicy;
  /** Time constant of the standardization in seconds. Default: none. */
  readonly standardize?: number;
}

/**
 * Creates the pipeline that trains a copy of `network` on a recording. Filled frames are valid inputs, but never
 * targets. Throws if the network and the options do not match.
 */
export function learningPipeline(
  network: Network,
  learn: LearnSpec,
  { channels, rate }: Pick<Recording, 'channels' | 'rate'>,
  { places: { pushed, target, reference }, gaps: policy, standardize }: LearningInput,
): Pipeline {
  const learner = {
    ...learn,
    name: 'learner',
    network: network.spec,
    channels: pushed,
    ...(learn.task === 'target' && { targetChannels: target }),
    ...(learn.task === 'cancel' && { reference }),
    readFilled: true,
  };
  const gaps = { policy, max: plan(network.spec).receptiveField };
  return Pipeline.create(
    { gaps, standardize: standardize === undefined ? null : { tau: standardize }, learners: [learner] },
    { learner: network, shape: { channels: channels.length, rate } },
  );
}
