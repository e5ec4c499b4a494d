import type { OperatorFunction } from 'rxjs';
import { Biquad, type Section } from '../core/filters/biquad.ts';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { lift, type Processor } from './lift.ts';

/**
 * Applies a cascade of recursive filter sections to every channel: `iir([notch(60, { rate: 250 })])`.
 *
 *     source  --[1 0 0]--[0 0]--|
 *             iir(sections)
 *     output  --[h0 h1 h2]--[h3 h4]--|        the infinite impulse response
 *
 * It emits as many frames as it receives, with their start, time, and validity. The result equals scipy.signal.lfilter
 * with zero initial state. An IIR filter delays each frequency by its group delay. Gaps are not detected; put
 * `fillGaps` before it. A non-finite sample yields NaN and does not enter the recursion. A change of channels or rate
 * resets the state.
 */
export function iir(sections: Section | readonly Section[]): OperatorFunction<Block, Block> {
  new Biquad(sections);
  return lift(() => createProcessor(sections));
}

function createProcessor(sections: Section | readonly Section[]): Processor<Block, Block> {
  const biquad = new Biquad(sections);
  let channels = 0;
  let rate = 0;
  return {
    push(block) {
      checkBlock(block);
      if (block.channels !== channels || block.rate !== rate) biquad.reset();
      ({ channels, rate } = block);
      return [{ ...block, data: biquad.push(block.data, channels) }];
    },
  };
}
