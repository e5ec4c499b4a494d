/**
 * The inner loops of the engine, over numbers (float32) in one memory. All positions are offsets in numbers from the
 * start of the memory. `frames` windows begin `xStep` numbers apart. Two implementations give the same bits: WebAssembly
 * SIMD and plain TypeScript.
 *
 * Every sum consists of four partial sums by j mod 4, oldest tap first, joined as (s0 + s1) + (s2 + s3), with the bias
 * added last. Weights are packed in the order in which the loops read them: four kernels side by side, four numbers each,
 *
 *     w[o/4][j/4][o mod 4][j mod 4]          j = (K-1-k)·C + c;  padded with zeros to multiples of 4 in o and j
 *
 * Memory must be readable for 4 numbers after every argument.
 */
export interface Kernels {
  /** Copies `count` numbers. Returns 1 if all are finite, otherwise 0. */
  write(x: number, y: number, count: number): number;
  fill(y: number, count: number, number: number): void;
  /** Copies `frames` windows, each of `taps` pieces of `width` numbers, `tapStep` apart, to contiguous memory. */
  gather(x: number, xStep: number, frames: number, taps: number, tapStep: number, width: number, y: number): void;
  /** Copies one gathered window back to its pieces. */
  scatter(x: number, taps: number, tapStep: number, width: number, y: number): void;

  /** Equation (2): y[n, o] = b[o] + Σ_j w[o, j] x[n, j]. `b` 0: no bias. */
  convolve(
    x: number,
    xStep: number,
    frames: number,
    w: number,
    b: number,
    length: number,
    outputs: number,
    y: number,
    yStep: number,
  ): void;
  /**
   * Equation (2) for windows of `taps` pieces of `width` numbers, a multiple of 4, `tapStep` apart, in place: dilation and
   * groups. Every group has its own packed kernels and reads `width` channels of its own. `outputs` is the number of
   * kernels of all groups.
   */
  convolveTaps(
    x: number,
    xStep: number,
    frames: number,
    taps: number,
    tapStep: number,
    width: number,
    groups: number,
    w: number,
    b: number,
    outputs: number,
    y: number,
  ): void;
  /**
   * Equation (2) for `multiplier` kernels per channel, where kernel r of channel c gives output c · multiplier + r and
   * reads only that channel: y[n, c, r] = b[c, r] + Σ_j w[c, r, j] x[n, j, c], with taps `tapStep` apart. The weights of
   * four neighboring channels are side by side,
   *
   *     w[c/4][r][j][c mod 4]          j = K-1-k;  padded with zeros to a multiple of 4 in c
   */
  depthwise(
    x: number,
    xStep: number,
    frames: number,
    taps: number,
    tapStep: number,
    w: number,
    b: number,
    channels: number,
    multiplier: number,
    y: number,
  ): void;
  /** Equation (5) for such kernels. Four kernels of a channel (r/4) without a gradient are skipped. */
  depthwiseInputGradient(
    g: number,
    frames: number,
    w: number,
    taps: number,
    tapStep: number,
    channels: number,
    multiplier: number,
    dx: number,
    dxStep: number,
  ): void;
  /** Equation (4) for such kernels. */
  depthwiseWeightGradient(
    x: number,
    xStep: number,
    frames: number,
    g: number,
    taps: number,
    tapStep: number,
    channels: number,
    multiplier: number,
    dw: number,
  ): void;
  /** Returns `before` + (Σ_j x[j, c]²) / `channels` of one window, added channel by channel. */
  depthwiseEnergy(x: number, taps: number, tapStep: number, channels: number, before: number): number;
  /**
   * Returns Σ a b of two arrays that are packed like such kernels, in the order in which `dot` adds the kernels of one
   * channel after another, packed for `convolve`.
   */
  depthwiseDot(a: number, b: number, taps: number, channels: number, multiplier: number): number;
  /**
   * Equation (2) for one window, in two parts. `convolveHead` adds the numbers from `from` to `to`, multiples of 4, to the
   * four partial sums of each kernel, [outputs padded to a multiple of 4, 4], and starts at 0 if `from` is 0.
   * `convolveTail` adds the rest, from number `from` on, and writes the outputs.
   */
  convolveHead(x: number, w: number, from: number, to: number, length: number, outputs: number, sums: number): void;
  convolveTail(
    x: number,
    w: number,
    b: number,
    from: number,
    length: number,
    outputs: number,
    sums: number,
    y: number,
  ): void;
  /**
   * Equation (5), in order of increasing n, then o: dx[n, j] += g[n, o] w[o, j]. Groups of four kernels without a
   * gradient are skipped.
   */
  inputGradient(
    g: number,
    gStep: number,
    frames: number,
    w: number,
    length: number,
    outputs: number,
    dx: number,
    dxStep: number,
  ): void;
  /** Equation (4), in order of increasing n: dw[o, j] += g[n, o] x[n, j]. */
  weightGradient(
    x: number,
    xStep: number,
    frames: number,
    g: number,
    gStep: number,
    length: number,
    outputs: number,
    dw: number,
  ): void;
  /**
   * Equations (4) and (6) in one step, for gradients that are still 0: w[o, j] -= µ Σ_n g[n, o] x[n, j], and
   * b[o] -= µ Σ_n g[n, o]. µ is `rate` if `epsilon` is negative, otherwise `rate` / (`epsilon` + the energy
   * of the windows whose gradients are not all 0).
   * `b` 0: no bias.
   */
  descend(
    x: number,
    xStep: number,
    frames: number,
    g: number,
    gStep: number,
    length: number,
    outputs: number,
    w: number,
    b: number,
    rate: number,
    epsilon: number,
  ): void;
  /** db[o] += g[n, o]. */
  biasGradient(g: number, gStep: number, frames: number, outputs: number, db: number): void;
  /** Returns `before` + Σ x² of all windows + `more` per window, added in this order window by window. */
  energy(x: number, xStep: number, frames: number, length: number, before: number, more: number): number;

  /** y[n, c] = (1/K) Σ_k x[n, k, c], with the taps in four partial sums. */
  avgPool(x: number, xStep: number, frames: number, taps: number, channels: number, y: number): void;
  avgPoolGradient(g: number, frames: number, taps: number, channels: number, dx: number, dxStep: number): void;
  /**
   * y[n, c] = max_k x[n, k, c]. The oldest of equal samples counts as the largest, and NaN as larger than every number.
   */
  maxPool(x: number, xStep: number, frames: number, taps: number, channels: number, y: number): void;
  maxPoolGradient(
    x: number,
    xStep: number,
    g: number,
    frames: number,
    taps: number,
    channels: number,
    dx: number,
    dxStep: number,
  ): void;

  /**
   * One update of each optimizer for `count` weights, a multiple of 4. Clears `dw`. `velocity` 0: no momentum. Without
   * momentum and decay, `sgd` is w -= rate · dw, which the engine also uses to subtract any scaled array.
   */
  sgd(
    w: number,
    dw: number,
    velocity: number,
    count: number,
    rate: number,
    momentum: number,
    nesterov: number,
    decay: number,
  ): void;
  rmsprop(
    w: number,
    dw: number,
    square: number,
    count: number,
    rate: number,
    alpha: number,
    rest: number,
    epsilon: number,
    decay: number,
  ): void;
  adam(
    w: number,
    dw: number,
    mean: number,
    square: number,
    count: number,
    length: number,
    correction: number,
    keep: number,
    decay: number,
    beta1: number,
    rest1: number,
    beta2: number,
    rest2: number,
    epsilon: number,
  ): void;

  /**
   * One step of recursive least squares, in double precision, for every output's kernel, packed like `w`: with the window u =
   * (x - m, 1), the gradients g of its outputs, and the inverse covariance P that all outputs share,
   *
   *     k = P u;   s = λ / weight + uᵀ k;   w[o] -= rate g[o] k / s;   P ← (P - k kᵀ / s) / λ
   *
   * The weight of the window is 1, or less if its energy is more than `maxEnergy`. A bias at `b` (0: none; u then has no 1) is
   * updated such that it compensates for m and for the rounding of the weights. Then the window `probe`, which is 0 except for
   * input `probe`, is added with the weight `probeWeight` (0: none) without a change of the weights. `state` is the offset of
   * float64 numbers in the order of `leastSquaresLayout`. P is updated in the next step, in the pass that computes its k.
   * Returns s; if it is not a positive number, P is damaged, and nothing else is changed.
   */
  leastSquares(
    state: number,
    x: number,
    length: number,
    g: number,
    outputs: number,
    w: number,
    b: number,
    rate: number,
    forgetting: number,
    maxEnergy: number,
    probe: number,
    probeWeight: number,
  ): number;
  /**
   * Compares the weights w of `leastSquares` with fast weights v, for one sum of the outputs. With d = v - w at `difference`, and
   * the vectors of the last step at `pairs`, of the even length `even`: the error of v is error + dᵀu, which is returned, and then
   * d -= (fastGain (error + dᵀu) - gain error) k. Both offsets are multiples of 4.
   */
  followError(difference: number, pairs: number, even: number, error: number, gain: number, fastGain: number): number;
  /** Returns Σ a b of `count` numbers, a multiple of 4, in four partial sums. */
  dot(a: number, b: number, count: number): number;
  /** y[j] += Σ_n x[n, j]². */
  squares(x: number, xStep: number, frames: number, length: number, y: number): void;
  /**
   * A proportionate update (IPNLMS) for every output's kernel, packed like `w`: half of the learning rate is shared
   * equally among the weights, half in proportion to their size. With a = `part`, s = 1 / (2 Σ_j |w[j]|),
   * U[j] = Σ_n x[n, j]² at `u`, and E = `energy`,
   *
   *     m[j] = rate (a + s |w[j]|) / (a E + s Σ_j |w[j]| U[j])
   *     w[j] -= m[j] dw[j];   h[j] = (keep - m[j] U[j]) h[j] - m[j] dw[j];   dw[j] = 0
   *
   * A bias at `b` (0: none) is updated with `biasRate` and compensates for the effect of the new weights on a window that
   * equals `mean`: b[o] -= biasRate db[o] + Σ_j Δw[j] mean[j]; db[o] = 0.
   */
  proportionate(
    w: number,
    dw: number,
    h: number,
    u: number,
    mean: number,
    length: number,
    outputs: number,
    b: number,
    db: number,
    rate: number,
    energy: number,
    part: number,
    keep: number,
    biasRate: number,
  ): void;

  /** y = f(x) of `count` numbers, where `kind` is the index in `activations`. `y` may be `x`. */
  activate(kind: number, x: number, y: number, count: number, alpha: number): void;
  /** dx = g f'(x), 0 where g is 0 or x is not finite. */
  activateGradient(kind: number, x: number, g: number, dx: number, count: number, alpha: number): void;
  softmax(x: number, y: number, rows: number, channels: number): void;
  softmaxGradient(x: number, g: number, dx: number, rows: number, channels: number): void;

  /**
   * One forecast of the detector (`CategoricalForecast`), in double precision. `state` is the offset of its state,
   * whose layout `forecastSize` describes. `bins` is even. Returns the blurred probability of the sample at `position`,
   * and then trains on the sample unless `learning` is 0.
   */
  forecast(state: number, bins: number, position: number, dayBack: number, day: number, learning: number): number;

  /**
   * Runs a stack of convolutions and activations with settled delay lines in one call. Takes `frames` frames at `x`, and
   * returns the number of outputs of the last layer, or -1 if nothing was done because a line has no room for frames whose
   * gradient is missing. `program` contains the state of the layers (see `words`), which is
   * updated; the memory after `x` is overwritten. If this kernel is absent, layers are called one by one, with the same
   * bits.
   */
  run?(program: number, layers: number, x: number, frames: number): number;
  /**
   * Runs the gradients of the `rows` oldest outputs without a gradient, which are at the last layer's outputs relative to
   * `x`, backward through such a stack. The weight gradients are deferred. Returns the number of rows of ∂L/∂x that became
   * final, whose offset is then in `dx` of the first layer, or -1 if nothing was done because a line has no room.
   */
  backpropagate?(program: number, layers: number, x: number, rows: number): number;
  /**
   * One learning step: `backpropagate` of `rows` gradients, `update`, and `run` of one frame at `x`. Returns the number of
   * outputs of the last layer, or -1 if nothing was done for one of the reasons above. The number of rows of ∂L/∂x is then in
   * `final` of the first layer.
   */
  learn?(program: number, layers: number, x: number, rows: number, rate: number, epsilon: number): number;
  /**
   * Calls `descend` for the deferred outputs of every layer, or `sgd` for layers that do not defer. Returns -1 if nothing was done
   * because a layer has other gradients in addition to the deferred ones, otherwise 0.
   */
  update?(program: number, layers: number, rate: number, epsilon: number): number;
}

/**
 * Reads `count` numbers from offset `at` so that they are in the processor's cache. The result of the `energy` kernel
 * is not used.
 */
export function prefetch(kernels: Kernels, at: number, count: number): void {
  kernels.energy(at, 0, 1, count, 0, 0);
}

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
