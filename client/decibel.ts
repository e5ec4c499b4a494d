/** How values are displayed: the conversion and the resulting unit. */
export interface DisplayUnit {
  readonly convert: (value: number) => number;
  readonly unit: string;
}

/** Whether `unit` is a unit of power: dB or a squared unit. */
export function isPowerUnit(unit: string): boolean {
  return unit === 'dB' || unit.endsWith('²') || unit.endsWith('^2');
}

/**
 * Returns how to display values given in `unit`, in dB (true), as power (false), or unchanged (undefined). Values in 'dB'
 * are converted to power by 10^(x / 10). Other values are treated as power and converted by 10 · log10(x), at least -120 dB.
 */
export function displayUnit(unit: string, dB: boolean | undefined): DisplayUnit {
  if (dB === undefined || dB === (unit === 'dB')) return { convert: (value) => value, unit };
  if (unit === 'dB') return { convert: (value) => 10 ** (value / 10), unit: 'power' };
  return { convert: (value) => 10 * Math.log10(Math.max(value, 1e-12)), unit: 'dB' };
}
