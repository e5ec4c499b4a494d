/** The number in a cell; NaN for a missing sample: an empty cell, 'NaN', text, or a number that is not finite. */
export function sampleOf(cell: string): number {
  if (cell === '') return NaN;
  const sample = Number(cell);
  return Number.isFinite(sample) ? sample : NaN;
}

/** Common words and signs for a missing sample, such as those of R, spreadsheets, and databases. */
const missing =
  /^(nan|null|nil|<?na>?|n\.?a\.?|n\/a|none|missing|unavailable|unknown|undefined|[-?.*]+|\\n|#(n\/?a|nv|null!|num!|zahl!|value!|wert!|div\/0!|ref!|bezug!))$/i;

/** Whether a cell marks a missing sample: it is empty or one of the common words for it. */
export function isMissing(cell: string): boolean {
  return cell === '' || missing.test(cell);
}

/** Whether a cell contains a number. */
export function isNumber(cell: string): boolean {
  return !Number.isNaN(sampleOf(cell));
}
