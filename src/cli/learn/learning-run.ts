import { frameCount } from '../../core/blocks/block.ts';
import type { Learned } from '../../core/learning/learned.ts';
import type { Pipeline } from '../../core/pipeline/pipeline.ts';
import type { Recording } from '../../formats/index.ts';
import { share } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import type { Progress } from '../progress.ts';
import type { CurvePoint } from '../report/learning-curve.ts';
import { pieces, runPipeline } from '../run-pipeline.ts';

/** Frames per block. */
const blockFrames = 256;
/** Maximum number of points of the learning curve. */
const maxPoints = 600;

/** The result of one pass over a recording. */
export interface LearningRun {
  readonly learned: Learned;
  readonly curve: readonly CurvePoint[];
  /** Duration of the pass in seconds. */
  readonly seconds: number;
  /** Number of filled frames. */
  readonly filled: number;
}

/**
 * Runs a recording from start to end through the pipeline that `learningPipeline` returns. Throws a UsageError if the
 * recording has no frames.
 */
export function learningRun(pipeline: Pipeline, { blocks, frames, lost }: Recording, line: Progress): LearningRun {
  const every = Math.max(1, Math.floor(frames / maxPoints));
  const curve: CurvePoint[] = [];
  const startedAt = performance.now();
  let last: Learned | null = null;
  let [done, filled] = [0, 0];
  for (const { raw, learned } of runPipeline(pipeline, pieces(blocks, blockFrames))) {
    if (!learned) continue;
    const { score } = learned;
    last = learned;
    if (raw.valid) filled += frameCount(raw);
    done += frameCount(raw);
    if (done >= (curve.length + 1) * every) curve.push({ frame: raw.start + frameCount(raw), score });
    line.show(`Learning ${share(done, frames + lost)}, skill ${score.skill.toFixed(2)}`);
  }
  line.clear();
  if (!last) throw new UsageError('the recording contains no frames');
  return { learned: last, curve, filled, seconds: (performance.now() - startedAt) / 1000 };
}
