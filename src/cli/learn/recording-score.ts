import { type Block, frameCount } from '../../core/blocks/block.ts';
import { isSample } from '../../core/learning/valid-sample.ts';
import { baselineReach, ForecastScore, type RunningScore } from '../../core/learning/forecast-score.ts';
import { FrameHistory } from '../../core/learning/frames.ts';
import type { Network } from '../../core/network/network.ts';
import type { PipelineOutput } from '../../core/pipeline/pipeline-output.ts';

/** What the outputs of a learner mean. */
export interface ScoredTask {
  readonly network: Network;
  /** Indexes of the predicted channels in a frame. */
  readonly outputs: readonly number[];
  /** Frames from the frame that an output is aligned with to its target. */
  readonly lead: number;
  /** Power-line frequency in Hz. */
  readonly powerLine: number;
}

const unknownLoss = { loss: NaN };

/** Scores the predictions of a learner for the frames of one recording, as the learner scores those of all frames. */
export class RecordingScore {
  readonly #task: ScoredTask;
  readonly #reach: number;
  readonly #target: Float32Array;
  readonly #prediction: Float32Array;
  #targets: FrameHistory | null = null;
  #score: ForecastScore | null = null;

  /** @param maxFrames the largest number of frames of an output of the pipeline */
  constructor(task: ScoredTask, maxFrames: number) {
    const { pace, outChannels } = task.network;
    this.#task = task;
    this.#reach = maxFrames + pace.receptiveField + pace.settlingFrames + task.lead + baselineReach;
    this.#target = new Float32Array(outChannels);
    this.#prediction = new Float32Array(outChannels);
  }

  /** Adds an output of the pipeline. */
  add({ raw, block, learned }: PipelineOutput): void {
    if (!learned) return;
    this.#addTargets(block, raw.valid);
    const { error } = learned;
    const { network, lead, powerLine } = this.#task;
    const { outChannels: channels, pace } = network;
    this.#score ??= new ForecastScore({ channels, lead, rate: (raw.rate * pace.up) / pace.stride, powerLine });
    const targets = this.#targets!;
    for (let i = 0; i < frameCount(error); i++) {
      const target = pace.alignedFrame(error.start + i) + lead;
      if (error.valid?.[i] === 0 || !targets.hasValid(target)) continue;
      const at = targets.offset(target);
      for (let c = 0; c < channels; c++) this.#prediction[c] = targets.data[at + c] + error.data[i * channels + c];
      this.#score.add(this.#prediction, targets, target, unknownLoss);
    }
  }

  /** The score so far; undefined before the first output. Its loss is not known. */
  get score(): RunningScore | undefined {
    return this.#score?.get();
  }

  #addTargets({ data, start, channels }: Block, valid: Uint8Array | undefined): void {
    const { outputs } = this.#task;
    this.#targets ??= new FrameHistory(outputs.length, this.#reach, start);
    const missing = start - this.#targets.next;
    if (missing > 0) this.#targets.skip(missing);
    for (let i = 0; i < data.length / channels; i++) {
      for (const [c, place] of outputs.entries()) this.#target[c] = data[i * channels + place];
      this.#targets.push(this.#target, 0, valid?.[i] !== 0 && this.#target.every(isSample) ? 1 : 0);
    }
  }
}
