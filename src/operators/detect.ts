import type { OperatorFunction } from 'rxjs';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, Detector, type Detected, type DetectorOptions } from '../core/detector/detector.ts';
import { lift, type Processor } from './lift.ts';

/**
 * Scores every frame by how far it is out of the ordinary, and raises alarms at the rate of false ones that is put up
 * with. What it listens to is told at `Detector`.
 *
 *     source  --[ 20 21 20 ]--[ 21 95 20 ]--|
 *             detect({ falseAlarms: '1/month' })
 *     output  --{score 1 2 1}--{score 2 6 2, alarms [95]}--|
 *
 * Every block brings one `Detected`, with scores for its own frames: nothing waits for later ones. Gaps (a jump of
 * `start`), invalid frames and NaN count nowhere. A change of channels or rate starts anew.
 *
 * @returns an operator that throws RangeError through `error` when a block goes back in time
 */
export function detect(options: DetectorOptions = {}): OperatorFunction<Block, Detected> {
  checkDetectorOptions(options);
  return lift(() => detecting(options));
}

function detecting(options: DetectorOptions): Processor<Block, Detected> {
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
