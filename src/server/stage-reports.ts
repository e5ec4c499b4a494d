import { frameCount } from '../core/blocks/block.ts';
import type { LateTargets } from '../core/learning/late-targets.ts';
import type { Learned } from '../core/learning/learned.ts';
import type { Weights } from '../core/network/weights.ts';
import type { PipelineOutput } from '../core/pipeline/pipeline-output.ts';
import type { KernelPlan } from './feed-plan.ts';
import type { StageOutput } from './feed-output.ts';
import type { ReportedLearner } from './stage-setup.ts';

/**
 * Converts the outputs of a pipeline to outputs of a feed. Stages have indexes instead of names, and the scores and
 * kernels of learners are reported about four times per second.
 */
export class StageReports {
  /** Index of every feature map, by name. */
  readonly maps: Map<string, number> = new Map<string, number>();
  /** Learners by name. */
  readonly learners: Map<string, ReportedLearner> = new Map<string, ReportedLearner>();
  readonly #interval: number;
  /** Frame of the last report of every learner. */
  readonly #reportedAt = new Map<string, number>();
  /** Number of late targets in the last report of every learner. */
  readonly #late = new Map<string, number>();

  /** @param rate sampling rate in Hz; 0 = irregular */
  constructor(rate: number) {
    this.#interval = rate / 4;
  }

  of({ raw, detected, maps, learners }: PipelineOutput): StageOutput[] {
    const outputs: StageOutput[] = [];
    const end = raw.start + frameCount(raw);
    if (detected) outputs.push({ type: 'detected', detected, every: everyOf(raw.rate, detected.score.rate), end });
    for (const [name, block] of Object.entries(maps)) {
      const map = this.maps.get(name);
      if (block && map !== undefined) outputs.push({ type: 'features', map, block });
    }
    for (const [name, learned] of Object.entries(learners)) {
      const reported = this.learners.get(name);
      if (reported) this.#addLearner(name, reported, learned, end, outputs);
    }
    return outputs;
  }

  /**
   * Reports the late targets of the learners of a target stream.
   * @param lateOf returns the late targets of a learner, by its name
   */
  lateTargets(from: string, lateOf: (name: string) => LateTargets | undefined): StageOutput[] {
    const outputs: StageOutput[] = [];
    for (const [name, { target }] of this.learners) {
      const late = target === from ? lateOf(name) : undefined;
      if (!late || late.count === (this.#late.get(name) ?? 0)) continue;
      const { count, delay, maxDelay } = late;
      this.#late.set(name, count);
      outputs.push({ type: 'late', learner: name, late: { count, delay, maxDelay } });
    }
    return outputs;
  }

  #addLearner(
    name: string,
    { index: learner, kernels }: ReportedLearner,
    learned: Learned,
    end: number,
    outputs: StageOutput[],
  ): void {
    const { prediction, learningRate } = learned;
    if (prediction.data.length === 0) return;
    outputs.push({ type: 'prediction', learner, block: prediction });
    const at = prediction.start + frameCount(prediction);
    if (at < (this.#reportedAt.get(name) ?? -Infinity) + this.#interval) return;
    this.#reportedAt.set(name, at);
    outputs.push({ type: 'learningRate', learner, at: end, learningRate }, lossOf(learner, at, learned));
    if (kernels) outputs.push(kernelsOf(learner, at, learned.currentWeights(), kernels));
  }
}

/** Returns the number of stream frames per detector frame. An irregular stream is not digested. */
function everyOf(rate: number, detectorRate: number): number {
  return detectorRate > 0 ? Math.round(rate / detectorRate) : 1;
}

/** Returns the score of the emitted predictions. */
function lossOf(learner: number, at: number, { score, updates, skipped, rollbacks }: Learned): StageOutput {
  const { nmse, skill, persistence, rms, movingAverage, powerLine, overall } = score.live;
  const { holdout } = score;
  return {
    type: 'loss',
    learner,
    at,
    nmse: finiteOrNull(nmse),
    skill: finiteOrNull(skill),
    persistence: finiteOrNull(persistence),
    rms: finiteOrNull(rms),
    movingAverage: finiteOrNull(movingAverage),
    mains: finiteOrNull(powerLine),
    overall: { nmse: finiteOrNull(overall.nmse), skill: finiteOrNull(overall.skill) },
    holdout: {
      nmse: finiteOrNull(holdout.nmse),
      skill: finiteOrNull(holdout.skill),
      persistence: finiteOrNull(holdout.persistence),
      movingAverage: finiteOrNull(holdout.movingAverage),
      mains: finiteOrNull(holdout.powerLine),
      frames: holdout.frames,
    },
    updates,
    refused: skipped,
    rollbacks,
  };
}

function kernelsOf(learner: number, at: number, weights: Weights, { parameter, initial }: KernelPlan): StageOutput {
  const { shape, data } = weights[parameter];
  const [outputs, taps, inputs] = shape;
  return { type: 'kernels', learner, at, shape: [outputs, taps, inputs], data: data.slice(), start: initial };
}

function finiteOrNull(score: number): number | null {
  return Number.isFinite(score) ? score : null;
}
