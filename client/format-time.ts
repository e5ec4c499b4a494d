import { formatNumber } from './format-number.ts';

/** A unit of time, in s. */
export interface TimeUnit {
  readonly name: string;
  readonly size: number;
}

const units: readonly TimeUnit[] = [
  { name: 'years', size: 31_536_000 },
  { name: 'days', size: 86_400 },
  { name: 'h', size: 3600 },
  { name: 'min', size: 60 },
  { name: 's', size: 1 },
  { name: 'ms', size: 1e-3 },
];

/** Allowed steps of a time axis, in s. */
export const timeSteps: number[] = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800],
  ...[3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 2_592_000, 8_640_000],
];

/** Formats a duration given in s: `12 ms`, `45 min`, `3.2 days`. */
export function formatDuration(seconds: number): string {
  const { name, size } = units.find((unit) => seconds >= (unit.size > 1 ? 1.5 : 1) * unit.size) ?? units[5];
  const count = seconds / size;
  return `${count >= 10 || size < 1 ? Math.round(count) : Number(count.toFixed(1))} ${name}`;
}

/**
 * Formats a time in ms since 1970 as local time, for an axis with ticks every `step` s: `18:38:12`, `18:38`, or `May 4` at
 * midnight and for steps of days.
 */
export function formatClock(time: number, step: number): string {
  const date = new Date(Math.round(time / 10) * 10);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, seconds] = [date.getHours(), date.getMinutes(), date.getSeconds()];
  if (step >= 30 * 86_400) return date.toLocaleDateString('en', { year: 'numeric', month: 'short' });
  if (step >= 86_400 || (step >= 3600 && hours + minutes === 0))
    return date.toLocaleDateString('en', { month: 'short', day: 'numeric' });
  if (step >= 60) return `${two(hours)}:${two(minutes)}`;
  const fraction = step < 1 ? `.${Math.floor(date.getMilliseconds() / 100)}` : '';
  return `${two(hours)}:${two(minutes)}:${two(seconds)}${fraction}`;
}

/** The unit for lags of up to `longest` s. */
export function lagUnit(longest: number): TimeUnit {
  return units.find(({ size }) => longest > 2 * size) ?? units[5];
}

/** The unit for frequencies of up to half of `rate` Hz: Hz, or cycles per minute, hour, or day. */
export function frequencyUnit(rate: number): TimeUnit {
  const frequencyUnits = [
    { name: 'Hz', size: 1 },
    { name: '/min', size: 60 },
    { name: '/h', size: 3600 },
    { name: '/day', size: 86_400 },
  ];
  return frequencyUnits.find(({ size }) => rate * size >= 4) ?? frequencyUnits[3];
}

/** Formats a sampling rate given in Hz: `250 Hz`, `every 30 min`. */
export function formatRate(rate: number): string {
  if (rate >= 0.95) return `${rate >= 100 ? Math.round(rate) : formatNumber(rate)} Hz`;
  return `every ${formatDuration(1 / rate)}`;
}
