import { frameCount } from '../../core/blocks/block.ts';
import type { RunningScore } from '../../core/learning/forecast-score.ts';
import type { Learned } from '../../core/learning/learned.ts';
import type { Pipeline } from '../../core/pipeline/pipeline.ts';
import type { Recording } from '../../formats/index.ts';
import { share } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import { inTurn } from '../in-turn.ts';
import type { Progress } from '../progress.ts';
import type { CurvePoint } from '../report/learning-curve.ts';
import { pieces, runPipeline } from '../run-pipeline.ts';
import { RecordingScore, type ScoredTask } from './recording-score.ts';

/** Frames per block. */
const blockFrames = 256;
/** Maximum number of points of the learning curve. */
const maxPoints = 600;

/** The result of one pass over one or more recordings. */
export interface LearningRun {
  readonly learned: Learned;
  readonly curve: readonly CurvePoint[];
  /** Duration of the pass in seconds. */
  readonly seconds: number;
  /** Number of filled frames. */
  readonly filled: number;
}

/** A pass, with the score of each recording. */
export interface ScoredRun extends LearningRun {
  /** Absolute index that the first frame of each recording has in the pass; Infinity for a recording without frames. */
  readonly starts: readonly number[];
  /** Scores of the recordings, in their order; undefined for a recording without frames. */
  readonly scores: readonly (RunningScore | undefined)[];
}

/** What a progress line says about the pass. */
export type Activity = 'Learning' | 'Validating';

/**
 * Runs recordings in turn, each from start to end, through the pipeline that `learningPipeline` returns. No window spans two
 * recordings, and the standardization starts again with each. Throws a UsageError if the recordings have no frames.
 */
export function learningRun(
  pipeline: Pipeline,
  recordings: readonly Recording[],
  task: ScoredTask,
  line: Progress,
  activity: Activity = 'Learning',
): ScoredRun {
  const frames = recordings.reduce((sum, each) => sum + each.frames, 0);
  const lost = recordings.reduce((sum, each) => sum + each.lost, 0);
  const receptiveField = Math.ceil(task.network.pace.receptiveField);
  const scores = recordings.map(() => new RecordingScore(task, Math.max(blockFrames, receptiveField)));
  const every = Math.max(1, Math.floor(frames / maxPoints));
  const curve: CurvePoint[] = [];
  const starts = recordings.map(() => Infinity);
  const startedAt = performance.now();
  let last: Learned | null = null;
  let [done, filled, current] = [0, 0, 0];
  for (const { recording, block } of inTurn(recordings, gapFor(task))) {
    if (recording !== current && pipeline.spec.standardize) pipeline.handle({ type: 'restart', stage: 'standardize' });
    current = recording;
    starts[recording] = Math.min(starts[recording], block.start);
    for (const output of runPipeline(pipeline, pieces([block], blockFrames))) {
      const { raw, learned } = output;
      if (!learned) continue;
      const { score } = learned;
      last = learned;
      scores[recording].add(output);
      if (raw.valid) filled += frameCount(raw);
      done += frameCount(raw);
      if (done >= (curve.length + 1) * every) curve.push({ frame: raw.start + frameCount(raw), score });
      line.show(`${activity} ${share(done, frames + lost)}, skill ${score.skill.toFixed(2)}`);
    }
  }
  line.clear();
  if (!last) throw new UsageError('the recording contains no frames');
  const seconds = (performance.now() - startedAt) / 1000;
  return { learned: last, curve, filled, seconds, starts, scores: scores.map(({ score }) => score) };
}

/**
 * The number of missing frames between two recordings. The gap policy does not fill a gap that is longer than the receptive field, and the
 * learner does not count the frames of a gap in which the network settles.
 */
function gapFor({ network: { pace }, lead }: ScoredTask): number {
  return Math.max(Math.ceil(pace.receptiveField) + Math.max(1, lead), pace.settlingFrames + 1);
}
