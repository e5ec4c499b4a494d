import { frameCount } from '../../core/blocks/block.ts';
import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import type { Learned } from '../../core/learning/learned.ts';
import type { Learner } from '../../core/learning/learner.ts';
import { plan } from '../../core/network/plan.ts';
import type { Recording } from '../../formats/index.ts';
import { share } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import type { Progress } from '../progress.ts';
import { inputBlocks } from '../read-recording.ts';
import type { CurvePoint } from '../report/learning-curve.ts';
import { pickChannels, type TaskChannels } from './task-channels.ts';

/** Frames per block. */
const blockFrames = 256;
/** Maximum number of points of the learning curve. */
const maxPoints = 600;

/** The result of one pass over a recording. */
export interface Pass {
  readonly learned: Learned;
  readonly curve: readonly CurvePoint[];
  /** Duration of the pass. */
  readonly seconds: number;
  /** Frames that were filled in. */
  readonly filled: number;
}

/** Options of a pass. */
export interface PassOptions {
  readonly places: TaskChannels;
  /** How gaps are filled that are no longer than the receptive field. */
  readonly gaps: GapPolicy;
  /** Time constant of the standardization in seconds. Default: none. */
  readonly standardize?: number;
  readonly line: Progress;
}

/**
 * Trains a learner on a recording from start to end. Frames that are filled in are inputs like any other, but not targets.
 * Throws a UsageError if the recording has no frames.
 */
export function learnPass(learner: Learner, recording: Recording, options: PassOptions): Pass {
  const { places, gaps: policy, standardize, line } = options;
  const gaps = { policy, max: plan(learner.network.spec).receptiveField };
  const every = Math.max(1, Math.floor(recording.frames / maxPoints));
  const curve: CurvePoint[] = [];
  const startedAt = performance.now();
  let learned: Learned | undefined;
  let [done, filled] = [0, 0];
  for (const block of inputBlocks(recording, blockFrames, { gaps, standardize })) {
    if (places.target.length > 0) learner.teach(pickChannels(block, places.target));
    if (block.valid) filled += frameCount(block);
    learned = learner.push({ ...pickChannels(block, places.pushed), valid: undefined });
    const { score } = learned;
    done += frameCount(block);
    if (done >= (curve.length + 1) * every) curve.push({ frame: block.start + frameCount(block), score });
    line.show(`Learning ${share(done, recording.frames + recording.lost)}, skill ${score.skill.toFixed(2)}`);
  }
  line.clear();
  if (!learned) throw new UsageError('the recording contains no frames');
  return { learned, curve, filled, seconds: (performance.now() - startedAt) / 1000 };
}
