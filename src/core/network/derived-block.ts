import { timeOf, type Block } from '../blocks/block.ts';
import type { Pace } from '../layers/pace.ts';

/** The outputs of a layer: their samples, channels, and validity. The arrays become part of the derived block. */
export interface Outputs {
  readonly data: Float32Array;
  readonly channels: number;
  readonly valid: Uint8Array;
}

/**
 * Creates the block of the outputs for `source`. `start` counts outputs, `rate` is the source's rate divided by the
 * strides, and `time` is the time of the frame that the first output is aligned with.
 *
 * @param pace the combined pace of the layers between the source and the outputs
 * @param start index of the first output
 */
export function derivedBlock(source: Block, pace: Pace, start: number, outputs: Outputs): Block {
  const { data, channels, valid } = outputs;
  const rate = (source.rate * pace.up) / pace.stride;
  return { data, channels, start, rate, time: timeOf(source, pace.alignedFrame(start)), valid };
}
