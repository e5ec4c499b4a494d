import { fieldText } from './text-field.ts';

/** Days from year 0, where GDF 2 counts from, to 1970. */
const days1970 = 719_529;
const day = 86_400_000;

/**
 * When a GDF file begins, in ms since 1970, its clock taken as UTC; 0 where it does not say.
 *
 *     1.x  'YYYYMMDDhhmmsscc'     cc hundredths of a second, or blank
 *     2.x  uint64                 days since year 0, times 2^32
 */
export function gdfTime(bytes: Uint8Array, old: boolean): number {
  if (old) return digitsTime(fieldText(bytes));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const whole = view.getUint32(4, true);
  return whole === 0 ? 0 : Math.round((whole - days1970 + view.getUint32(0, true) / 2 ** 32) * day);
}

function digitsTime(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?$/.exec(text);
  if (!parts) return 0;
  const [year, month, date, hour, minute, second, hundredths = 0] = parts
    .slice(1)
    .map((digits?: string) => Number(digits ?? 0));
  return Date.UTC(year, month - 1, date, hour, minute, second, 10 * hundredths);
}
