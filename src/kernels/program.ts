/**
 * What `run` is told of each layer, in words of 32 bits, one after the other: the kind (0 = a convolution, else 1 + the
 * number of an activation), `alpha` as float32, where the delay line begins, its room in frames, the frames in it, the
 * frame where the next window begins, channels in, frames of a window, frames to the next, weights, bias, numbers of a
 * window, channels out, and where the outputs go, counted from the first number of the call.
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

/** Words of one layer. */
export const wordsPerLayer = 14;
