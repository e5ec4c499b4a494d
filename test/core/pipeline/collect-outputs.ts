import type { Block } from '../../../src/core/blocks/block.ts';
import type { PipelineOutput } from '../../../src/core/pipeline/pipeline-output.ts';

/** The results of a pipeline for a stream, joined over all blocks. */
export interface Collected {
  /** Samples of every feature map. */
  readonly maps: Record<string, number[]>;
  /** Samples of the predictions of every learner. */
  readonly predictions: Record<string, number[]>;
  /** Last weights of every learner. */
  readonly weights: Record<string, unknown>;
  /** Score of every frame; NaN where there is none. */
  readonly scores: number[];
  /** Frames of the alarms. */
  readonly alarms: number[];
}

/** Joins the outputs of a pipeline. */
export function collectOutputs(outputs: readonly PipelineOutput[]): Collected {
  const all: Collected = { maps: {}, predictions: {}, weights: {}, scores: [], alarms: [] };
  for (const { maps, learners, detected } of outputs) {
    for (const [name, block] of Object.entries(maps)) if (block) (all.maps[name] ??= []).push(...block.data);
    for (const [name, learned] of Object.entries(learners)) {
      (all.predictions[name] ??= []).push(...learned.prediction.data);
      all.weights[name] = learned.weights();
    }
    if (!detected) continue;
    all.scores.push(...scoresOf(detected.score));
    all.alarms.push(...detected.alarms.map(({ index }) => index));
  }
  return all;
}

function scoresOf({ data, valid }: Block): number[] {
  return Array.from(data, (score, t) => (valid?.[t] === 0 ? NaN : score));
}

/** Cuts a stream into blocks of the given lengths, in turn. A gap also ends a block. */
export function cutInto(blocks: readonly Block[], lengths: readonly number[]): Block[] {
  let turn = 0;
  return blocks.flatMap((block) => {
    const { channels, rate, data, start, time } = block;
    const pieces: Block[] = [];
    for (let from = 0; from < data.length / channels;) {
      const to = from + lengths[turn++ % lengths.length];
      const piece = data.slice(from * channels, to * channels);
      pieces.push({ data: piece, channels, rate, start: start + from, time: time + (from * 1000) / rate });
      from = to;
    }
    return pieces;
  });
}
