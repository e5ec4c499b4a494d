/** Eigenvectors of small symmetric matrices, for the spatial filters of CCA and TRCA. Matrices are [n][n]. */
export type Matrix = readonly Float64Array[];

/**
 * The eigenvalues of a symmetric matrix in descending order, [n], and the eigenvector of each, [n][n]. The cyclic Jacobi
 * method: rotate each pair of axes until it is uncorrelated, and repeat until all pairs are (G. Golub and C. Van Loan, "Matrix
 * Computations", section 8.5).
 */
export function eigen(matrix: Matrix): { values: Float64Array; vectors: Float64Array[] } {
  const a = matrix.map((row) => row.slice());
  const n = a.length;
  const v = a.map((_, i) => Float64Array.from(a, (_, j) => (i === j ? 1 : 0)));
  const scale = Math.max(...a.map((row, i) => Math.abs(row[i])));
  for (let sweep = 0, largest = Infinity; sweep < 50 && largest > 1e-14 * scale; sweep++) {
    largest = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        largest = Math.max(largest, Math.abs(a[p][q]));
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[p][p] - a[q][q]);
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        for (let k = 0; k < n; k++) rotate(a[k], p, a[k], q, cos, sin);
        for (let k = 0; k < n; k++) rotate(a[p], k, a[q], k, cos, sin);
        for (let k = 0; k < n; k++) rotate(v[k], p, v[k], q, cos, sin);
      }
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return {
    values: Float64Array.from(order, (i) => a[i][i]),
    vectors: order.map((i) => Float64Array.from(v, (row) => row[i])),
  };
}

/** Rotates the numbers x[i] and y[j]. */
function rotate(x: Float64Array, i: number, y: Float64Array, j: number, cos: number, sin: number): void {
  const before = x[i];
  x[i] = cos * before + sin * y[j];
  y[j] = cos * y[j] - sin * before;
}

/**
 * The vector w, [n], that maximizes wᵀSw / wᵀQw, with wᵀQw = 1. S and Q are symmetric, and Q has no negative eigenvalues.
 * Directions in which Q is 0, such as a constant channel, are ignored.
 */
export function maximizeRatio(s: Matrix, q: Matrix): Float64Array {
  const { values, vectors } = eigen(q);
  // columns that turn Q into the identity: Eᵀ Q E = I
  const e = vectors
    .filter((_, i) => values[i] > 1e-12 * values[0])
    .map((u, i) => u.map((x) => x / Math.sqrt(values[i])));
  const se = e.map((column) => times(s, column));
  const [best] = eigen(e.map((column) => Float64Array.from(se, (other) => dot(column, other)))).vectors;
  return q[0].map((_, i) => e.reduce((sum, column, j) => sum + column[i] * best[j], 0));
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function times(matrix: Matrix, vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, vector));
}
