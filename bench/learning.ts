import { digits, table } from './report.ts';
import { median, race } from './rounds.ts';
import { learner, learningStep, learningStepInThreeCalls, tapline } from './tapline.ts';
import { workloadOf } from './workloads.ts';

/** Frames per block: a tenth of a second at 250 Hz. */
const block = 25;

/**
 * Frames that learners train on before they are measured. In the first few thousand, weights are set aside and compared more often
 * than later.
 */
const firstFrames = 50_000;

/** A time per frame, and its ratio to another time of the same round. */
interface LearningFigure {
  readonly workload: string;
  readonly engine: string;
  readonly us: number;
  readonly ratio: number;
}

/**
 * Prints how much a learning step takes relative to the forward pass, and a `Learner` relative to a learning step, all
 * interleaved in one run and per frame. The learning rate is tiny, so that no learner diverges.
 */
export async function measureLearning(names: readonly string[], rounds: number): Promise<LearningFigure[]> {
  const figures: LearningFigure[] = [];
  if (names.length === 0) return figures;
  for (const network of names) {
    const frames = workloadOf(network, 1);
    const blocks = workloadOf(network, block);
    const inBlocksOnly = [learner(blocks, false), learner(blocks)];
    const frameByFrame = learner(frames, false);
    for (const each of inBlocksOnly) await each.run(firstFrames / block);
    await frameByFrame.run(firstFrames);
    const steps = [tapline(frames), learningStep(frames), learningStepInThreeCalls(frames)];
    const contestants = [...steps, ...inBlocksOnly, frameByFrame];
    const [, step, calls, inBlocks, scored, alone] = await race(contestants, rounds);
    const add = (engine: string, us: number, ratio: number) => {
      figures.push({ workload: network, engine, us, ratio });
    };
    const scoredRatios = scored.ratios.map((ratio, round) => ratio / inBlocks.ratios[round]);
    const perStep = ({ ratios }: { readonly ratios: readonly number[] }, count: number) =>
      median(ratios.map((ratio, round) => ratio / count / step.ratios[round]));
    add('learning step ÷ forward', step.us, step.ratio);
    add('learning step in three calls ÷ forward', calls.us, calls.ratio);
    add(`Learner without holdout ÷ learning step, blocks of ${block}`, inBlocks.us / block, perStep(inBlocks, block));
    add(`Learner ÷ Learner without holdout, blocks of ${block}`, scored.us / block, median(scoredRatios));
    add('Learner without holdout ÷ learning step, one frame per push', alone.us, perStep(alone, 1));
  }
  console.log('\nLearning with sgd, per frame\n');
  const rows = figures.map(({ workload, engine, us, ratio }) => [`${workload}: ${engine}`, digits(us), digits(ratio)]);
  console.log(table(['ratio', 'µs', 'ratio'], rows));
  return figures;
}
