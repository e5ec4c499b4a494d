import type { OperatorFunction } from 'rxjs';
import { Biquad, type Section } from '../core/filters/biquad.ts';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { lift, type Processor } from './lift.ts';

/**
 * Recursive filter sections, one behind the other, on every channel: `iir([notch(60, { rate: 250 })])`.
 *
 *     source  --[1 0 0]--[0 0]--|
 *             iir(sections)
 *     output  --[h0 h1 h2]--[h3 h4]--|        the impulse response, which never quite ends
 *
 * As many frames come out as go in, with their start, time and validity; as scipy.signal.lfilter from rest, at once (an
 * IIR filter delays every frequency by its own group delay). A gap is not heard: put `fillGaps` before it. A sample that
 * is not finite gives NaN and does not enter the recursion. A change of channels or rate starts from rest.
 */
export function iir(sections: Section | readonly Section[]): OperatorFunction<Block, Block> {
  new Biquad(sections);
  return lift(() => filtering(sections));
}

function filtering(sections: Section | readonly Section[]): Processor<Block, Block> {
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
