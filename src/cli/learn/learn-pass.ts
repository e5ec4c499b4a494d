import { frameCount } from '../../core/blocks/block.ts';
import type { GapPolicy } from '../../core/blocks/gap-filler.ts';
import type { Learned } from '../../core/learning/learned.ts';
import type { Learner } from '../../core/learning/learner.ts';
import { plan } from '../../core/network/plan.ts';
import type { Recording } from '../../sources/index.ts';
import { inputBlocks } from '../read-recording.ts';
import { pickedFrom, type Places } from './task-channels.ts';
import type { CurvePoint } from '../report/learning-curve.ts';
import { share, type Progress } from '../progress.ts';
import { UsageError } from '../failure.ts';

/** Frames that are learned at once. */
const blockFrames = 256;
/** Dots of the learning curve, at most. */
const dots = 600;

/** What one pass over a recording has brought. */
export interface Pass {
  readonly learned: Learned;
  readonly curve: readonly CurvePoint[];
  readonly seconds: number;
  /** Frames that were filled in. */
  readonly filled: number;
}

/** How a pass is made. */
export interface PassOptions {
  readonly places: Places;
  /** What gaps are filled with that are no longer than the network sees. */
  readonly gaps: GapPolicy;
  readonly standardize?: number;
  readonly line: Progress;
}

/**
 * Learns from a recording, from its beginning to its end. Frames that are filled in are heard as if they had come, but are no
 * truths of a target. Throws where it holds no frames.
 */
export function learnPass(learner: Learner, recording: Recording, options: PassOptions): Pass {
  const { places, gaps: policy, standardize, line } = options;
  const gaps = { policy, max: plan(learner.network.spec).receptiveField };
  const every = Math.max(1, Math.floor(recording.frames / dots));
  const curve: CurvePoint[] = [];
  const began = performance.now();
  let learned: Learned | undefined;
  let [done, filled] = [0, 0];
  for (const block of inputBlocks(recording, blockFrames, { gaps, standardize })) {
    if (places.target.length > 0) learner.teach(pickedFrom(block, places.target));
    if (block.valid) filled += frameCount(block);
    learned = learner.push({ ...pickedFrom(block, places.input), valid: undefined });
    const { score } = learned;
    done += frameCount(block);
    if (done >= (curve.length + 1) * every) curve.push({ frame: block.start + frameCount(block), score });
    line.show(`learning ${share(done, recording.frames + recording.lost)}, skill ${score.skill.toFixed(2)}`);
  }
  line.clear();
  if (!learned) throw new UsageError('there are no frames to learn from');
  return { learned, curve, filled, seconds: (performance.now() - began) / 1000 };
}
