/** Sampling rates that differ by less than this share are those of clocks with the same nominal rate. */
const rateTolerance = 1e-3;

/** Whether two sampling rates in Hz are those of clocks with the same nominal rate. */
export function isSameRate(rate: number, other: number): boolean {
  return Math.abs(other - rate) <= rateTolerance * rate;
}

/** A sampling rate with six digits. */
export function shownRate(rate: number): number {
  return Number(rate.toPrecision(6));
}
