/** Kinds of layers in a program for the `run` kernel. An activation is 1 + its index in `activations`. */
export const kinds = { dense: 0, taps: -1, depthwise: -2 } as const;

/**
 * The state of one layer in a program for the kernels `run`, `backpropagate`, and `update`, as indexes of 32-bit words:
 *
 *     kind, alpha            kind of the layer (see `kinds`), parameter of an activation (float32)
 *     line, capacity, filled the delay line: offset, size in frames, number of frames in it
 *     window                 slot at which the next window begins
 *     channels, outputs      input and output channels
 *     reach, stride          frames per window, and between windows
 *     w, b                   offsets of weights and bias
 *     length                 numbers per window (dense), or taps
 *     y                      offset of the outputs relative to the first number of the call
 *     tapStep, groups        distance between taps in numbers, number of groups (if not dense)
 *     learns                 1 if the layer keeps what its gradients need; the words below are for such layers
 *     received               slot of the window of the oldest output without a gradient
 *     pending, pendingWindow, slopes   deferred outputs: number, slot of the first window, offset of their gradients
 *     rows, rowCapacity, rowsFilled    the gradient line: offset, size in frames, number of rows in it
 *                            for an activation: offset of ∂L/∂x relative to the first number of the call
 *     firstRow, unopened     the first row that is not final; frames that have no row yet
 *     odd                    `oddBias` + the slot after the newest frames of which one was not finite; 0 if all are finite
 *     blind                  1 if ∂L/∂x is not needed
 *     count                  outputs of the last call of `run`
 *     dx                     offset of the rows that the last call of `backpropagate` returned (first layer)
 *     final                  number of rows that the last call of `learn` gave (first layer)
 *     dirty                  1 if the sums of the weight gradients are not all 0
 *     weights                number of weights with padding; this and the words below are for convolutions that are not dense
 *     energy                 Σ x² over the windows since the last update, in double precision (two words)
 *     dw, db                 offsets of the sums of the gradients
 *     temp                   offset of memory for windows relative to the first number of the call
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
  tapStep: 14,
  groups: 15,
  learns: 16,
  received: 17,
  pending: 18,
  pendingWindow: 19,
  slopes: 20,
  rows: 21,
  rowCapacity: 22,
  rowsFilled: 23,
  firstRow: 24,
  unopened: 25,
  odd: 26,
  blind: 27,
  count: 28,
  dx: 29,
  final: 30,
  weights: 31,
  energy: 32,
  dw: 34,
  db: 35,
  dirty: 36,
  temp: 37,
} as const;

/** Added to the slot in the word `odd`, so that it stays positive when its frame leaves the line. */
export const oddBias: number = 1 << 28;

/** Words per layer. */
export const wordsPerLayer = 40;
