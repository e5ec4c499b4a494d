import type { Block } from '../core/blocks/block.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import type { StageOutput } from './feed-output.ts';
import type { FrameSlice } from './frame-cost.ts';
import type { LearnedWeights, PipelineSetup } from './pipeline-runner.ts';
import type { StageSetup } from './stage-setup.ts';

/** A message to a worker thread, for the pipeline with the number `pipeline`. */
export type ToWorker = { pipeline: number } & (
  | { do: 'open'; setup: PipelineSetup; run: number }
  | { do: 'add'; stage: StageSetup; keep?: boolean }
  | { do: 'send'; message: PipelineMessage }
  | { do: 'push'; block: Block; slice: FrameSlice }
  | { do: 'save' | 'learned'; request: number }
  | { do: 'close' }
);

/** A message from a worker thread. */
export type FromWorker = { pipeline: number } &
  /** Outputs; `done` is the cost in ns of the frames that have been processed. */
  (
    | { outputs: StageOutput[]; run: number; done?: number }
    | { request: number; result: Uint8Array | undefined | Map<string, LearnedWeights> }
    | { request: number; error: string }
  );

/** Copies the samples of feature maps and predictions. They share a buffer, and a message would contain the whole buffer. */
export function withOwnMemory(output: StageOutput): StageOutput {
  return output.type === 'features' || output.type === 'prediction'
    ? { ...output, block: withOwnBuffer(output.block) }
    : output;
}

/** Copies a block whose samples share a larger buffer. */
export function withOwnBuffer(block: Block): Block {
  const { data, valid } = block;
  return { ...block, data: data.slice(), ...(valid && { valid: valid.slice() }) };
}
