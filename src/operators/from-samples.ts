import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { SampleReader, type SampleReaderOptions } from '../core/blocks/sample-reader.ts';
import type { Epoch, Reading, Sample } from '../core/blocks/sample.ts';
import { lift } from './lift.ts';

/**
 * Converts samples and epochs of eeg-pipes, muse-js, ganglion-ble, and Neurosity to blocks.
 *
 *     source  --{data: [1, 2], timestamp: 0}--{data: [3, 4], timestamp: 12}--|     250 Hz: two frames are missing
 *             fromSamples({ rate: 250 })
 *     output  --[1 2] start 0 ----------------[3 4] start 3 -----------------|
 *
 * It emits one block per sample (append `blocks(n)` for larger ones), one per epoch, and one per group of electrodes
 * for muse-js readings. Repeated frames are dropped, so overlapping epochs emit every frame once. Frame indexes start
 * at 0 and follow the device's counter if there is one (it may wrap), otherwise the timestamps and the rate. The rate
 * is the sample's own (`info.samplingRate`), otherwise `rate`. Without a rate the stream is irregular, and frames are
 * numbered in order of arrival.
 *
 * Times are in ms. Timestamps in s, µs, or ns since 1970 are recognized by their size and converted. Timestamps that do not
 * count from 1970 stay relative to the first one; their unit is recognized from the rate. Where the counter restarts, gaps
 * are those of the timestamps.
 */
export function fromSamples(options: SampleReaderOptions = {}): OperatorFunction<Sample | Epoch | Reading, Block> {
  new SampleReader(options);
  return lift(() => new SampleReader(options));
}
