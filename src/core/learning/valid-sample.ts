import type { Loss } from './loss.ts';

/** Larger samples are fill values or faults; their windows cannot be squared and summed in float32. */
const maxMagnitude = 2 ** 60;

/** Returns whether a number is a valid sample. */
export function isSample(x: number): boolean {
  return Math.abs(x) <= maxMagnitude;
}

/** Returns whether a target is valid: its frame is, and its numbers are samples or, for a categorical loss, in 0 … 1. */
export function isValidTarget(
  data: Float32Array,
  at: number,
  { channels, loss }: { readonly channels: number; readonly loss: Loss },
  valid: number,
): boolean {
  if (valid !== 1) return false;
  for (let c = 0; c < channels; c++) {
    const target = data[at + c];
    if (!isSample(target) || (loss.categorical && !(target >= 0 && target <= 1))) return false;
  }
  return true;
}
