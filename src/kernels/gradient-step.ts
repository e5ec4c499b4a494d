const f = Math.fround;

/**
 * The gradients of one output frame, equations (4) and (5) for one n, added straight into the stored sums in rising o:
 *
 *     ∂L/∂w[o, j] += g[o] x[j]        ∂L/∂x[j] += g[o] w[o, j]
 *
 * A gradient of exactly 0 touches nothing, so a NaN in a window that nobody learns from reaches no weight.
 *
 * @param g one a kernel, from `gAt`   @param dw rows like `w`   @param dx window like `x`, from `dxAt`
 */
export function gradientStep(
  x: Float32Array,
  xAt: number,
  w: Float32Array,
  wAt: number,
  length: number,
  g: Float32Array,
  gAt: number,
  outputs: number,
  dw: Float32Array,
  dx: Float32Array,
  dxAt: number,
): void {
  for (let o = 0; o < outputs; o++) {
    const slope = g[gAt + o];
    if (slope === 0) continue;
    const row = wAt + o * length;
    for (let j = 0; j < length; j++) {
      dw[row + j] = f(dw[row + j] + f(slope * x[xAt + j]));
      dx[dxAt + j] = f(dx[dxAt + j] + f(slope * w[row + j]));
    }
  }
}

/** Σ x² of one window: the energy by which NLMS divides its step. */
export function energyStep(x: Float32Array, xAt: number, length: number): number {
  let sum = 0;
  for (let j = 0; j < length; j++) sum += x[xAt + j] * x[xAt + j];
  return sum;
}
