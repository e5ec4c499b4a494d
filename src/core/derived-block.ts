import { timeOf, type Block } from './block.ts';
import { hangOf } from './hang.ts';
import type { Layer } from './network-spec.ts';

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
 * @param layers those between the source and the outputs   @param start index of the first output
 */
export function derivedBlock(source: Block, layers: readonly Layer[], start: number, outputs: Outputs): Block {
  const hang = hangOf(layers, start);
  const stride = hangOf(layers, start + 1) - hang;
  const { data, channels, valid } = outputs;
  return { data, channels, start, rate: source.rate / stride, time: timeOf(source, hang), valid };
}
