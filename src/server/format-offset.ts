const sizes: readonly { one: string; several: string; ms: number }[] = [
  { one: 'year', several: 'years', ms: 31_557_600_000 },
  { one: 'day', several: 'days', ms: 86_400_000 },
  { one: 'h', several: 'h', ms: 3_600_000 },
  { one: 'min', several: 'min', ms: 60_000 },
];

/** Returns how far a clock is off, by at least a minute, in ms: `2 h behind` or `3 days ahead of`. */
export function formatOffset(offset: number): string {
  const size = sizes.find(({ ms }) => Math.abs(offset) >= 0.95 * ms) ?? sizes[sizes.length - 1];
  const count = Number((Math.abs(offset) / size.ms).toPrecision(2));
  return `${count} ${count === 1 ? size.one : size.several} ${offset > 0 ? 'ahead of' : 'behind'}`;
}
