/** The program of a stack of layers, which `run`, `backpropagate`, and `update` process in one call. */
import { copy } from './rows';
import { at } from './vector';

/** As `oddBias` in `../kernels.ts`. */
export const oddBias: i32 = 1 << 28;

/** One layer of a program, in 32-bit words. The order is that of `words` in `../kernels.ts`. */
@unmanaged
export class Layer {
  /** See `Kind`; otherwise 1 + the index of an activation. */
  kind: i32;
  alpha: f32;
  /** Offset of the delay line, capacity in frames, number of frames, and slot at which the next window begins. */
  line: i32;
  capacity: i32;
  filled: i32;
  window: i32;
  channels: i32;
  /** Frames per window, and frames between windows. */
  reach: i32;
  stride: i32;
  w: i32;
  b: i32;
  /** Numbers per window, or taps. */
  length: i32;
  outputs: i32;
  /** Offset of the outputs, relative to the first number of the call. */
  y: i32;
  /** Distance between taps in numbers, and number of groups. */
  tapStep: i32;
  groups: i32;
  /** Whether the layer keeps what its gradients need (0 or 1). The words below are used only then. */
  learns: i32;
  /** Slot at which the window of the oldest output without a gradient begins. */
  received: i32;
  /** Deferred outputs: their number, the slot of the first window, and the offset of their gradients. */
  pending: i32;
  pendingWindow: i32;
  slopes: i32;
  /**
   * Offset of the gradient line, capacity in frames, number of rows, and the first row that is not final. For an activation,
   * the offset of its ∂L/∂x relative to the first number of the call.
   */
  rows: i32;
  rowCapacity: i32;
  rowsFilled: i32;
  firstRow: i32;
  /** Number of frames that have no row yet. */
  unopened: i32;
  /** `oddBias` + the slot after the last call's frames of which one was not finite; 0 if all were finite. */
  odd: i32;
  /** Whether the gradient of the input is not needed (0 or 1). */
  blind: i32;
  /** Number of outputs of the last call of `run`. */
  count: i32;
  /** Offset of the rows that became final in the last call of `backpropagate`. */
  dx: i32;
  /** Number of rows that became final in the last call of `learn` (first layer). */
  final: i32;
  /** Number of weights, with padding. The words below are for convolutions that are not dense. */
  weights: i32;
  /** Σ x² over the windows since the last update. */
  energy: f64;
  /** Offsets of the sums of the gradients of weights and bias, and whether anything was added since the last update. */
  dw: i32;
  db: i32;
  dirty: i32;
  /** Offset of memory for windows, relative to the first number of the call. */
  temp: i32;
  spare0: i32;
  spare1: i32;

  /** Whether the layer is a convolution. */
  get convolves(): boolean {
    return this.kind <= Kind.Dense;
  }

  /** Slot of the oldest frame that is still needed. */
  get oldest(): i32 {
    return !this.learns ? this.window : this.pending > 0 ? this.pendingWindow : this.received;
  }

  /** Returns the number of outputs that are due when the line contains `filled` frames. */
  due(filled: i32): i32 {
    const ahead = filled - this.window - this.reach;
    return ahead < 0 ? 0 : ahead < this.stride ? 1 : ahead / this.stride + 1;
  }

  /** Moves the frames that are still needed to the front of the line. */
  slide(): void {
    const gone = min(this.oldest, this.filled);
    const kept = this.filled - gone;
    copy(at(this.line + gone * this.channels), at(this.line), kept * this.channels);
    this.filled = kept;
    this.window -= gone;
    this.received -= gone;
    this.pendingWindow -= gone;
    if (this.odd) this.odd -= gone;
  }
}

/** The convolutions, as `kinds` in `../kernels.ts`. */
export const enum Kind {
  Depthwise = -2,
  Taps = -1,
  Dense = 0,
}

/** Returns layer `l` of a program. */
@inline
export function layerOf(program: i32, l: i32): Layer {
  return changetype<Layer>(at(program) + l * offsetof<Layer>());
}
