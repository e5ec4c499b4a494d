/** The number in a cell, or NaN: an empty cell, 'NaN', text and what is not finite are missing samples. */
export function sampleOf(cell: string): number {
  if (cell === '') return NaN;
  const sample = Number(cell);
  return Number.isFinite(sample) ? sample : NaN;
}

/** Whether a cell says that a sample is missing, in one of the usual words. */
export function isMissing(cell: string): boolean {
  return cell === '' || /^(nan|null|na|n\/a|none|[-+]?inf(inity)?)$/i.test(cell);
}

/** Whether a cell holds a number. */
export function isNumber(cell: string): boolean {
  return !Number.isNaN(sampleOf(cell));
}
