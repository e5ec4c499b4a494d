import { concatMap, type OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { samplesOf, type Sample, type SampleInfo } from '../core/blocks/sample.ts';

/**
 * Blocks as eeg-pipes' samples, one a frame.
 *
 *     source  --[0 1 2]-----[3]--|
 *             toSamples()
 *     output  --(0  1  2)---3----|
 *
 * Each is `{ data, timestamp, info: { samplingRate } }` with what `info` adds, such as `channelNames`. Timestamps follow
 * the block's clock. eeg-pipes knows no validity: filter or fill before.
 */
export function toSamples(info: SampleInfo = {}): OperatorFunction<Block, Sample> {
  return concatMap((block: Block) => {
    checkBlock(block);
    return samplesOf(block, info);
  });
}
