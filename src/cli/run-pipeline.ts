import { frameCount, type Block } from '../core/blocks/block.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';
import type { Pipeline } from '../core/pipeline/pipeline.ts';
import type { PipelineOutput } from '../core/pipeline/pipeline-output.ts';

/** Splits blocks into blocks of at most `frames` frames, so that progress can be shown between them. */
export function* pieces(blocks: Iterable<Block>, frames: number): Generator<Block> {
  for (const block of blocks)
    for (let from = 0; from < frameCount(block); from += frames) yield cutBlock(block, block.start + from, frames);
}

/** Pushes blocks into a pipeline and yields its outputs. Throws the error of a stage that fails. */
export function* runPipeline(pipeline: Pipeline, blocks: Iterable<Block>): Generator<PipelineOutput> {
  for (const block of blocks) {
    const outputs = pipeline.push(block);
    checkStages(pipeline);
    yield* outputs;
  }
}

/** Throws the error of the first stage that has failed, because a command cannot return a result without it. */
export function checkStages({ failures }: Pipeline): void {
  if (failures.length > 0) throw new Error(failures[0].message);
}
