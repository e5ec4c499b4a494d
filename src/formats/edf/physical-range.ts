/** Width of a number in a header of EDF. */
const width = 8;

/** The bounds of a signal as they are in the header, in at most 8 characters each. */
export interface PhysicalRange {
  readonly min: string;
  readonly max: string;
}

/** Returns the smallest range that contains all samples from `min` to `max` and can be written to a header of EDF. */
export function physicalRange(min: number, max: number): PhysicalRange {
  if (!(min <= max)) return { min: '-1', max: '1' };
  const bounds = { min: boundText(min, -1), max: boundText(max, 1) };
  if (Number(bounds.min) < Number(bounds.max)) return bounds;
  const margin = Math.max(1, Math.abs(min) * 1e-4);
  return { min: boundText(min - margin, -1), max: boundText(max + margin, 1) };
}

/** Returns the number with at most 8 characters that is nearest to `value` in one direction. */
function boundText(value: number, step: 1 | -1): string {
  const round = step === 1 ? Math.ceil : Math.floor;
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = width; digits >= 1; digits--) {
    const place = exponent - digits + 1;
    const scaled = round(place < 0 ? value * 10 ** -place : value / 10 ** place);
    // rounding errors can leave the number on the wrong side
    for (const mantissa of [scaled, scaled + step]) {
      const number = Number(`${mantissa}e${place}`);
      const texts = [String(number), number.toExponential()].map((text) => text.replace('e+', 'e'));
      const text = texts.find(({ length }) => length <= width);
      if (text !== undefined && (step === 1 ? number >= value : number <= value)) return text;
    }
  }
  return String(value);
}

/** Returns a positive number in at most 8 characters, without an exponent, as exactly as possible. */
export function positiveText(value: number): string {
  for (let digits = width; digits >= 1; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= width && !text.includes('e')) return text;
  }
  return '1';
}
