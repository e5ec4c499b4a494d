import type { DepthwiseKernels } from './depthwise-kernels.ts';

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
export interface Kernels extends DepthwiseKernels {
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
  /**
   * Trains on a run of frames with the squared loss: for each frame, the loss and the gradient of the output whose target it is,
   * `backpropagate`, `update`, and `run`, in the order of `Trainer`. `run` is the offset of the run (see `runWords`), which is
   * updated; the memory after `x` is overwritten. Ends early if the layers cannot take the next frame, the loss has diverged, or the
   * next update might overflow.
   */
  train?(program: number, layers: number, x: number, run: number): void;
}

/**
 * Reads `count` numbers from offset `at` so that they are in the processor's cache. The result of the `energy` kernel
 * is not used.
 */
export function prefetch(kernels: Kernels, at: number, count: number): void {
  kernels.energy(at, 0, 1, count, 0, 0);
}
