import { timeOf, type Block } from '../blocks/block.ts';
import type { Pace } from '../layers/pace.ts';

/** Outputs of a layer, with their memory and their validity: what a derived block is made of. */
export interface Outputs {
  readonly data: Float32Array;
  readonly channels: number;
  readonly valid: Uint8Array;
}

/**
 * The block of outputs that hang in `source`: `start` counts outputs, `rate` is the source's over the strides, and
 * `time` is that of the frame that its first output hangs on.
 *
 * @param pace that of the layers between the source and the outputs   @param start index of the first output
 */
export function derivedBlock(source: Block, pace: Pace, start: number, outputs: Outputs): Block {
  const { data, channels, valid } = outputs;
  const rate = (source.rate * pace.up) / pace.stride;
  return { data, channels, start, rate, time: timeOf(source, pace.alignedFrame(start)), valid };
}
