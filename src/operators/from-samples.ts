import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { SampleReader, type SampleReaderOptions } from '../core/blocks/sample-reader.ts';
import type { Epoch, Reading, Sample } from '../core/blocks/sample.ts';
import { lift } from './lift.ts';

/**
 * Samples and epochs as eeg-pipes, muse-js, ganglion-ble and Neurosity emit them, as blocks.
 *
 *     source  --{data: [1, 2], timestamp: 0}--{data: [3, 4], timestamp: 12}--|     250 Hz: two frames were lost
 *             fromSamples({ rate: 250 })
 *     output  --[1 2] start 0 ----------------[3 4] start 3 -----------------|
 *
 * One block comes for a sample (put `blocks(n)` behind it) and one for an epoch; of muse-js's readings one for each group
 * of electrodes. Frames that came before are cut off, so overlapping epochs give every frame once. Indexes count from 0:
 * by the device's counter where there is one (it wraps), else by stamps and rate. The rate is the sample's own
 * (`info.samplingRate`), else `rate`; without one the stream is irregular and its frames are numbered as they come.
 */
export function fromSamples(options: SampleReaderOptions = {}): OperatorFunction<Sample | Epoch | Reading, Block> {
  new SampleReader(options);
  return lift(() => new SampleReader(options));
}
