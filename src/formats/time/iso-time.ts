const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** An ISO 8601 date and time. */
export interface IsoTime {
  /** In ms since 1970, in UTC unless the text contains a zone. */
  readonly time: number;
  readonly zoned: boolean;
}

/** Reads an ISO 8601 date and time, with T or a space between them; undefined if the text is none. */
export function readIsoTime(text: string): IsoTime | undefined {
  const parts = iso.exec(text);
  if (!parts) return undefined;
  const [, date, minute = '00:00', second = '00', fraction, zone] = parts;
  const colon = zone?.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const whole = Date.parse(`${date}T${minute}:${second}${colon ?? 'Z'}`);
  return { time: fraction ? whole + Number(`0.${fraction}`) * 1000 : whole, zoned: zone !== undefined };
}
