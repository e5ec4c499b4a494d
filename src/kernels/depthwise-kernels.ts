/** The kernels of depthwise convolutions, whose kernels read one channel each. Positions are as in `Kernels`. */
export interface DepthwiseKernels {
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
  /** Equation (5) for these kernels. Four kernels of a channel (r/4) without a gradient are skipped. */
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
  /** Equation (4) for these kernels. */
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
}
