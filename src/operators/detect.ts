import type { OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, Detector, type Detected, type DetectorOptions } from '../core/detector/detector.ts';
import { lift, type Processor } from './lift.ts';

/**
 * Scores how anomalous every frame is, and raises alarms at a given false-alarm rate. For the method, see `Detector`.
 *
 *     source  --[ 20 21 20 ]--[ 21 95 20 ]--|
 *             detect({ falseAlarms: '1/month' })
 *     output  --{score 1 2 1}--{score 2 6 2, alarms [95]}--|
 *
 * Every block is emitted as one `Detected` with the scores of its frames, without delay. Gaps (a jump of `start`),
 * invalid frames, and NaN are ignored. A change of channels or rate restarts the detector.
 *
 * @returns an operator that emits a RangeError if a block goes back in time
 * @throws RangeError or TypeError if an option is invalid
 */
export function detect(options: DetectorOptions = {}): OperatorFunction<Block, Detected> {
  checkDetectorOptions(options);
  return lift(() => createProcessor(options));
}

function createProcessor(options: DetectorOptions): Processor<Block, Detected> {
  let detector: Detector | undefined;
  return {
    push(block) {
      checkBlock(block);
      if (!detector || block.channels !== detector.channels || block.rate !== detector.rate)
        detector = new Detector(block.channels, block.rate, options);
      return [detector.push(block)];
    },
  };
}
