/**
 * The state of one layer in a program for the `run` kernel, as indexes of 32-bit words: kind (0 = convolution, otherwise
 * 1 + the index of an activation), `alpha` as float32, offset of the delay line, its capacity in frames, number of frames
 * in it, slot at which the next window begins, input channels, frames per window, stride, offsets of weights and bias,
 * numbers per window, output channels, and offset of the outputs relative to the first number of the call.
 */
export const words = {
  kind: 0,
  alpha: 1,
  line: 2,
  capacity: 3,
  filled: 4,
  window: 5,
  channels: 6,
  reach: 7,
  stride: 8,
  w: 9,
  b: 10,
  length: 11,
  outputs: 12,
  y: 13,
} as const;

/** Words per layer. */
export const wordsPerLayer = 14;
