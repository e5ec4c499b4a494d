/** How many times its mean a square may be. */
const maxSquareRatio = 100;

/** A square as it counts in its running `mean`: what is more than ten times as large as usual counts for ten times. */
export function clippedSquare(square: number, mean: number): number {
  return Math.min(square, mean > 0 ? maxSquareRatio * mean : 1e30);
}
