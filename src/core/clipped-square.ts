/** The largest square that counts in full, as a multiple of the running mean. */
const maxSquareRatio = 100;

/**
 * Limits a squared value before it is added to its running `mean`, so that a value of more than 10 times the usual
 * amplitude counts as 10 times.
 */
export function clippedSquare(square: number, mean: number): number {
  return Math.min(square, mean > 0 ? maxSquareRatio * mean : 1e30);
}
