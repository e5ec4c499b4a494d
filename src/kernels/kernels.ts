/**
 * The inner loops of the engine, over numbers (float32) in one memory. Every argument that says where is an offset in
 * numbers from the memory's start; `frames` windows lie `xStep` numbers apart. Two implementations give the same bits: WASM SIMD
 * and plain TypeScript.
 *
 * Every sum keeps four partial sums by j mod 4, oldest tap first, joined (s0 + s1) + (s2 + s3), the bias last. Weights are
 * packed as the loops read them: four kernels side by side, four numbers of each,
 *
 *     w[o/4][j/4][o mod 4][j mod 4]          j = (K-1-k)·C + c;  zeros where o or j is filled up to a multiple of 4
 *
 * A memory must be readable for 4 numbers behind whatever is passed.
 */
export interface Kernels {
  /** Copies `count` numbers; 1 when all are finite, else 0. */
  write(x: number, y: number, count: number): number;
  fill(y: number, count: number, number: number): void;
  /** Copies `frames` windows of `taps` runs of `width` numbers, `tapStep` apart, to one after the other. */
  gather(x: number, xStep: number, frames: number, taps: number, tapStep: number, width: number, y: number): void;
  /** Puts one gathered window back to its runs. */
  scatter(x: number, taps: number, tapStep: number, width: number, y: number): void;

  /** Equation (2): y[n, o] = b[o] + Σ_j w[o, j] x[n, j]. `b` 0: none. */
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
   * Equation (2) in two parts, for one window: the four partial sums of each kernel over the numbers from `from` to `to`, multiples
   * of 4, [outputs filled up to a multiple of 4, 4], begun at 0 where `from` is; and the rest, from number `from` on.
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
  /** Equation (5), in rising n, then rising o: dx[n, j] += g[n, o] w[o, j]. Four kernels without a gradient are passed over. */
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
  /** Equation (4), in rising n: dw[o, j] += g[n, o] x[n, j]. */
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
   * Equations (4) and (6) at once, for gradients that nothing was added to yet: w[o, j] -= μ Σ_n g[n, o] x[n, j], and
   * b[o] -= μ Σ_n g[n, o]. μ is `rate`, over `epsilon` + the windows' energy unless `epsilon` is negative. `b` 0: none.
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
  /** `before`, to which Σ x² of one window after the other is added, and `more` after each. */
  energy(x: number, xStep: number, frames: number, length: number, before: number, more: number): number;

  /** y[n, c] = (1/K) Σ_k x[n, k, c], the taps in four partial sums. */
  avgPool(x: number, xStep: number, frames: number, taps: number, channels: number, y: number): void;
  avgPoolGradient(g: number, frames: number, taps: number, channels: number, dx: number, dxStep: number): void;
  /** y[n, c] = max_k x[n, k, c]: of equal samples the oldest, and a NaN over every number. */
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

  /** One step of each optimizer over `count` weights, a multiple of 4; clears `dw`. `velocity` 0: none. */
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

  /** Σ a b of `count` numbers, a multiple of 4, in four partial sums. */
  dot(a: number, b: number, count: number): number;
  /** y[j] += Σ_n x[n, j]². */
  squares(x: number, xStep: number, frames: number, length: number, y: number): void;
  /**
   * One step for which a kernel's weights share its rate, half alike and half by their size: with a = `part`, s = 1 / (2 Σ_j |w[j]|),
   * U[j] = Σ_n x[n, j]² at `u` and E = `energy`,
   *
   *     m[j] = rate (a + s |w[j]|) / (a E + s Σ_j |w[j]| U[j])
   *     w[j] -= m[j] dw[j];   h[j] = (keep - m[j] U[j]) h[j] - m[j] dw[j];   dw[j] = 0
   *
   * for every output's kernel, packed as `w`. A bias at `b` (0: none) moves by `biasRate`, and takes up what the other steps would have
   * done to a window of the numbers at `mean`: b[o] -= biasRate db[o] + Σ_j Δw[j] mean[j]; db[o] = 0.
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

  /** y = f(x) of `count` numbers, by the number of the activation; `y` may be `x`. */
  activate(kind: number, x: number, y: number, count: number, alpha: number): void;
  /** dx = g f'(x); 0 where g is 0 or x is not finite. */
  activateGradient(kind: number, x: number, g: number, dx: number, count: number, alpha: number): void;
  softmax(x: number, y: number, rows: number, channels: number): void;
  softmaxGradient(x: number, g: number, dx: number, rows: number, channels: number): void;

  /**
   * A stack of convolutions and activations over settled delay lines, all in one call: `frames` frames at `x` go in, and the
   * outputs of the last layer that hang on them are counted. `program` describes the layers (see `program.ts`), which it moves on;
   * what lies behind `x` is written over. Where there is none, layers are called one by one, with the same bits.
   */
  run?(program: number, layers: number, x: number, frames: number): number;
}

/** y -= scale · x for `count` numbers, a multiple of 4. Sets x to 0. This is the `sgd` kernel without momentum and decay. */
export function subtractScaled(kernels: Kernels, y: number, x: number, count: number, scale: number): void {
  kernels.sgd(y, x, 0, count, scale, 0, 0, 0);
}

/** Reads `count` numbers from offset `at` so that they are in the processor's cache. The result of the `energy` kernel is not used. */
export function prefetch(kernels: Kernels, at: number, count: number): void {
  kernels.energy(at, 0, 1, count, 0, 0);
}
