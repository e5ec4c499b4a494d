/** A way to show numbers: as they come, or between power and decibel. */
export interface DisplayUnit {
  readonly convert: (value: number) => number;
  readonly unit: string;
}

/** Whether numbers in `unit` are a power or a level, which decibel suit. */
export function isPowerUnit(unit: string): boolean {
  return unit === 'dB' || unit.endsWith('²') || unit.endsWith('^2');
}

/**
 * How to show numbers that come in `unit`, with decibel on, off, or as they come (undefined). Numbers in 'dB' are levels
 * already: off turns them back into power. Others are taken for power: on makes them 10 · log10, not below -120 dB.
 */
export function displayUnit(unit: string, dB: boolean | undefined): DisplayUnit {
  if (dB === undefined || dB === (unit === 'dB')) return { convert: (value) => value, unit };
  if (unit === 'dB') return { convert: (value) => 10 ** (value / 10), unit: 'power' };
  return { convert: (value) => 10 * Math.log10(Math.max(value, 1e-12)), unit: 'dB' };
}
