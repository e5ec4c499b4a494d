/** base ^ exponent for whole exponents >= 0, by squaring: the same bits everywhere, which Math.pow does not promise. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2), square *= square) {
    if (left % 2 === 1) result *= square;
  }
  return result;
}
