import type { Tick } from './plot.ts';

/** Round numbers between `low` and `high`, about `count` of them, where they lie from 0 to 1. */
export function numberTicks(low: number, high: number, count: number): Tick[] {
  const span = high - low;
  if (!(span > 0 && span < Infinity)) return [];
  const size = 10 ** Math.floor(Math.log10(span / count));
  const step = ([1, 2, 5].find((each) => each * size >= span / count) ?? 10) * size;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const number = (first + i) * step;
    return { at: (number - low) / span, label: shortNumber(number) };
  });
}

/** Round numbers between `low` and `high` on a logarithmic scale: the decades, and 2 and 5 of each where there are few. */
export function decadeTicks(low: number, high: number): Tick[] {
  const [from, to] = [Math.log10(low), Math.log10(high)];
  const digits = to - from < 2.5 ? [1, 2, 5] : [1];
  const decades = Array.from({ length: Math.floor(to) - Math.floor(from) + 1 }, (_, i) => Math.floor(from) + i);
  const every = Math.ceil(decades.length / 8);
  return decades
    .filter((decade) => decade % every === 0)
    .flatMap((decade) => digits.map((digit) => digit * 10 ** decade))
    .filter((number) => number >= low && number <= high)
    .map((number) => ({ at: (Math.log10(number) - from) / (to - from), label: shortNumber(number) }));
}

/** A number in few letters, to so many digits at most. */
export function shortNumber(number: number, digits = 6): string {
  const size = Math.abs(number);
  const far = size >= 1e6 || (size > 0 && size < 1e-4);
  return (far ? String(Number(number.toPrecision(3)).toExponential()) : String(Number(number.toPrecision(digits))))
    .replace('e+', 'e')
    .replace('-', '\u2212');
}
