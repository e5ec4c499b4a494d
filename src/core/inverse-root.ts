/** Eigenvalues up to this share of their mean are taken for 0. */
const nothing = 2 ** -30;
/** Sweeps after which rotation stops at the latest; each is quadratic at the end, and ten do. */
const most = 30;

/**
 * The symmetric S with S A S = 1, of a symmetric A >= 0, [n, n]: A = V Λ Vᵀ, S = V Λ^(-1/2) Vᵀ. Directions in which A is
 * nothing get 0, so that S is finite for any A.
 *
 * By cyclic Jacobi rotations (G. H. Golub and C. F. Van Loan, "Matrix Computations", §8.5), which need nothing but
 * square roots and so give the same bits everywhere.
 */
export function inverseRoot(a: Float64Array, n: number): Float64Array {
  const m = a.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let mean = 0;
  for (let k = 0; k < n; k++) mean += m[k * n + k] / n;
  for (let sweep = 0; sweep < most && rotateAll(m, v, n, Number.EPSILON * mean); sweep++);
  const root = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const eigenvalue = m[k * n + k];
    if (!(eigenvalue > nothing * mean)) continue;
    const scale = 1 / Math.sqrt(eigenvalue);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) root[i * n + j] += scale * (v[i * n + k] * v[j * n + k]);
  }
  return root;
}

/** One sweep over all pairs off the diagonal that are above `least`; false when there was none. */
function rotateAll(m: Float64Array, v: Float64Array, n: number, least: number): boolean {
  let rotated = false;
  for (let p = 0; p < n; p++)
    for (let q = p + 1; q < n; q++) {
      const off = m[p * n + q];
      if (!(Math.abs(off) > least)) continue;
      rotated = true;
      const half = (m[q * n + q] - m[p * n + p]) / (2 * off);
      const tangent = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.sqrt(half * half + 1));
      const cosine = 1 / Math.sqrt(tangent * tangent + 1);
      const sine = tangent * cosine;
      for (let k = 0; k < n; k++) turn(m, k * n + p, k * n + q, cosine, sine);
      for (let k = 0; k < n; k++) turn(m, p * n + k, q * n + k, cosine, sine);
      for (let k = 0; k < n; k++) turn(v, k * n + p, k * n + q, cosine, sine);
    }
  return rotated;
}

function turn(m: Float64Array, a: number, b: number, cosine: number, sine: number): void {
  const x = m[a];
  const y = m[b];
  m[a] = cosine * x - sine * y;
  m[b] = sine * x + cosine * y;
}
