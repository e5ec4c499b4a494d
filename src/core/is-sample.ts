/** Beyond this windows cannot be squared and summed in float32: what is larger is a fill value or a fault. */
const largest = 2 ** 60;

/** Whether a number can be learned from. */
export function isSample(x: number): boolean {
  return Math.abs(x) <= largest;
}
