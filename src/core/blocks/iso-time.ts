const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d+))?)?)? ?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/i;

/** An ISO 8601 date and time. */
export interface IsoTime {
  /** In ms since 1970, in UTC unless the text contains a zone. */
  readonly time: number;
  readonly zoned: boolean;
}

/** Reads an ISO 8601 date and time, with T or a space between them; undefined if the text is none, NaN if there is no such day or time. */
export function readIsoTime(text: string): IsoTime | undefined {
  const parts = iso.exec(text);
  if (!parts) return undefined;
  const [, date, minute = '00:00', second = '00', fraction, zone] = parts;
  const whole = isDay(date) ? Date.parse(`${date}T${minute}:${second}${isoZone(zone)}`) : NaN;
  return { time: fraction ? whole + Number(`0.${fraction}`) * 1000 : whole, zoned: zone !== undefined };
}

/** Whether a day exists: `Date.parse` reads 2023-02-30 as March 2. */
function isDay(date: string): boolean {
  const [year, month, day] = date.split('-').map(Number);
  return day <= (Date.UTC(year, month, 1) - Date.UTC(year, month - 1, 1)) / 864e5;
}

/** A zone as `Date.parse` requires it. */
function isoZone(zone: string | undefined): string {
  if (zone === undefined || !/\d/.test(zone)) return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
