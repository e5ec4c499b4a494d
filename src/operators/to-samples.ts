import { concatMap, type OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { samplesOf, type Sample, type SampleInfo } from '../core/blocks/sample.ts';

/**
 * Converts each frame to an eeg-pipes sample.
 *
 *     source  --[0 1 2]-----[3]--|
 *             toSamples()
 *     output  --(0  1  2)---3----|
 *
 * Each sample is `{ data, timestamp, info: { samplingRate } }` with the given fields of `info`, such as `channelNames`.
 * Timestamps follow the block's time. Validity is lost, because eeg-pipes has none; filter or fill before.
 */
export function toSamples(info: SampleInfo = {}): OperatorFunction<Block, Sample> {
  return concatMap((block: Block) => {
    checkBlock(block);
    return samplesOf(block, info);
  });
}
