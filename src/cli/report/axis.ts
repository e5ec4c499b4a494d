import type { Tick } from './plot.ts';

/** Ticks at about `count` round numbers between `low` and `high`. */
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

/** Ticks at round numbers between `low` and `high` on a logarithmic axis: decades, and their 2 and 5 if there are few. */
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

/** A number as short text with at most `digits` significant digits. */
export function shortNumber(number: number, digits = 6): string {
  const size = Math.abs(number);
  const needsExponent = size >= 1e6 || (size > 0 && size < 1e-4);
  return (
    needsExponent ? String(Number(number.toPrecision(3)).toExponential()) : String(Number(number.toPrecision(digits)))
  )
    .replace('e+', 'e')
    .replace('-', '\u2212');
}

// durations in ms
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** Mean length of a month. */
const month = 30.4 * day;
const sixtieths = [1, 2, 5, 10, 15, 30];
const steps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...sixtieths.map((count) => count * second),
  ...sixtieths.map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14].map((count) => count * day),
];
const monthSteps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Maximum number of steps between ticks. */
const maxSteps = 9;

/** Ticks at round times between `from` and `to` (ms). `dated`: calendar times (UTC), else times since the start. */
export function timeTicks(from: number, to: number, dated: boolean): Tick[] {
  const span = to - from;
  if (!(span > 0)) return [];
  const step = steps.find((each) => span / each <= maxSteps);
  const times = step === undefined && dated ? firstDays(from, to) : multiples(from, to, step ?? wholeDays(span));
  const name = dated ? dateName : elapsedName;
  return times.map((time) => ({ at: (time - from) / span, label: name(time, step ?? month) }));
}

function wholeDays(span: number): number {
  return 10 ** Math.ceil(Math.log10(span / day / maxSteps)) * day;
}

function multiples(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** The first day of every month, or of every few months or years. */
function firstDays(from: number, to: number): number[] {
  const step = monthSteps.find((each) => (to - from) / (each * month) <= maxSteps) ?? monthSteps[monthSteps.length - 1];
  const date = new Date(from);
  const monthIndex = (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
  const first = Math.floor(monthIndex / step) * step;
  const days = Array.from({ length: maxSteps + 3 }, (_, i) => Date.UTC(2000, first + i * step));
  return days.filter((time) => time >= from && time <= to);
}

function dateName(time: number, step: number): string {
  const date = new Date(time);
  const [clock, name] = [date.toISOString().slice(11, 19), monthNames[date.getUTCMonth()]];
  if (step >= month) return `${name} ${date.getUTCFullYear()}`;
  if (time % day === 0) return `${date.getUTCDate()} ${name}`;
  return step < second ? fraction(time, step) : clock.slice(0, step < minute ? 8 : 5);
}

function elapsedName(time: number, step: number): string {
  if (step >= day) return `${time / day} d`;
  if (step < second) return fraction(time, step);
  const clock = new Date(time % day).toISOString().slice(14, 19);
  return time >= hour ? `${Math.floor(time / hour)}:${clock}` : clock;
}

/** `:03.9`: the second, with enough decimals to distinguish times that are `step` ms apart. */
function fraction(time: number, step: number): string {
  return new Date(time).toISOString().slice(16, step >= 100 ? 21 : step >= 10 ? 22 : 23);
}

/** The time of a frame (ms), as precise as the sampling rate (Hz) requires. `dated`: a calendar time (UTC), else since the start. */
export function momentText(time: number, rate: number, dated: boolean): string {
  const length = rate <= 1 / 60 ? 16 : rate <= 1 ? 19 : 23;
  const text = new Date(time).toISOString().replace('T', ' ').slice(0, length);
  return dated ? text : `${time >= day ? `${Math.floor(time / day)} d ` : ''}${text.slice(11)}`;
}
