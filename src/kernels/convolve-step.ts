const f = Math.fround;

/**
 * One output frame of `outputs` kernels over one contiguous window, equation (2) for one n:
 *
 *     y[o] = b[o] + Σ_j w[o, j] x[j]        j = (K-1-k)·C + c, oldest tap first
 *
 * Four partial sums by j mod 4, joined (s0 + s1) + (s2 + s3), the bias last, every operation rounded to float32: the
 * order that every engine of Tapline keeps, so that all of them give the same bits.
 *
 * @param x window of `length` samples from `xAt`   @param w rows of `length` weights from `wAt`   @param b one a kernel
 */
export function convolveStep(
  x: Float32Array,
  xAt: number,
  w: Float32Array,
  wAt: number,
  length: number,
  b: Float32Array | null,
  bAt: number,
  outputs: number,
  y: Float32Array,
  yAt: number,
): void {
  const whole = length & ~3;
  for (let o = 0; o < outputs; o++) {
    const row = wAt + o * length;
    let s0 = f(0);
    let s1 = f(0);
    let s2 = f(0);
    let s3 = f(0);
    for (let j = 0; j < whole; j += 4) {
      s0 = f(s0 + f(x[xAt + j] * w[row + j]));
      s1 = f(s1 + f(x[xAt + j + 1] * w[row + j + 1]));
      s2 = f(s2 + f(x[xAt + j + 2] * w[row + j + 2]));
      s3 = f(s3 + f(x[xAt + j + 3] * w[row + j + 3]));
    }
    if (whole < length) s0 = f(s0 + f(x[xAt + whole] * w[row + whole]));
    if (whole + 1 < length) s1 = f(s1 + f(x[xAt + whole + 1] * w[row + whole + 1]));
    if (whole + 2 < length) s2 = f(s2 + f(x[xAt + whole + 2] * w[row + whole + 2]));
    const sum = f(f(s0 + s1) + f(s2 + s3));
    y[yAt + o] = b ? f(sum + b[bAt + o]) : sum;
  }
}
