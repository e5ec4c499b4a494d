import { map, type OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { epochOf, type Epoch, type SampleInfo } from '../core/blocks/sample.ts';

/**
 * Converts each block to an eeg-pipes epoch: data[channel][frame].
 *
 *     source  --[0 1 2]--------------[3]---------|
 *             toEpochs()
 *     output  --{data: [[0, 1, 2]]}--{data: [[3]]}--|
 *
 * Put `blocks(n)` before it for epochs of n frames. `info` contains samplingRate, startTime, and the given fields, such
 * as `channelNames`. Validity is lost, because eeg-pipes has none; filter or fill before.
 */
export function toEpochs(info: SampleInfo = {}): OperatorFunction<Block, Epoch> {
  return map((block: Block) => {
    checkBlock(block);
    return epochOf(block, info);
  });
}
