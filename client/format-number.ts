const prefixes: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
  [1e-9, 'n'],
];
/** Units that take a prefix, with the factor to the base unit and the smallest prefix. */
const prefixed = new Map<string, [base: string, factor: number, min: number]>([
  ['uV', ['V', 1e-6, 1e-6]],
  ['µV', ['V', 1e-6, 1e-6]],
  ['μV', ['V', 1e-6, 1e-6]],
  ['mV', ['V', 1e-3, 1e-6]],
  ['V', ['V', 1, 1e-6]],
  ['B', ['B', 1, 1]],
  ['B/s', ['B/s', 1, 1]],
  ['bytes', ['B', 1, 1]],
  ['bytes/s', ['B/s', 1, 1]],
  ['Hz', ['Hz', 1, 1]],
  ['1/s', ['/s', 1, 1]],
]);

/** Formats a number with three significant digits and a minus sign (U+2212): `−12.3`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return sign(value.toExponential(1).replace('e+', 'e'));
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return sign(String(Number(value.toFixed(digits))));
}

/** Formats a quantity with the matching unit prefix: 12340 'uV' is `12.3 mV`. */
export function formatQuantity(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  const known = prefixed.get(unit);
  if (!known) {
    const [scale, prefix] = unit === '' && Math.abs(value) >= 1e4 ? pick(value, 1) : [1, ''];
    return `${formatNumber(value / scale)}${prefix}${unit === '' || unit === '%' ? unit : ` ${unit}`}`;
  }
  const [base, factor, min] = known;
  if (value === 0) return `0 ${showUnit(unit)}`;
  const [scale, prefix] = pick(value * factor, min);
  return `${formatNumber(Number(((value * factor) / scale).toPrecision(12)))} ${prefix}${base}`;
}

/** Returns a unit as it is displayed: `uV` becomes `µV`. */
export function showUnit(unit: string): string {
  return unit.replace(/^[uμ](?=[A-Z])/, 'µ');
}

/** The largest prefix whose factor does not exceed `value`, but at least `min`. */
function pick(value: number, min: number): readonly [number, string] {
  const size = Math.abs(value) * 1.000001;
  return prefixes.find(([scale]) => size >= scale || scale <= min) ?? [1, ''];
}

function sign(text: string): string {
  return text.replace('-', '−');
}
