import { timeUnitOf } from '../time/time-unit.ts';

/** What the lines before a table say about it. */
export interface PreambleFacts {
  /** Sampling rate in Hz. */
  readonly rate?: number;
  /** Names of the columns. */
  readonly names?: readonly string[];
  /** Order of day and month in dates. */
  readonly dates?: 'DMY' | 'MDY';
}

const rateKey =
  /\b(?:sampl\w*[ _-]*(?:rate|freq\w*)?|s?rate|fs|freq\w*|hz)\b[^\d\n:=,;]{0,12}[:=,;\t ]+"?(\d+(?:\.\d+)?)\s*(k?hz)?/i;
const rateValue = /\bat (\d+(?:\.\d+)?) ?(k?Hz)\b/;
const interval = /\b(?:sampl\w*[ _-]*)?(?:interval|period)\b[^\d\n:=,;]{0,12}[:=,;\t ]+"?(\d+(?:\.\d+)?) ?(\p{L}+)/iu;
const namesKey = /\b(?:labels|channels|columns|electrodes)\s*[:=]\s*([^,;\n]*)/i;

/**
 * Reads the lines before a table: `Sampling rate: 250 Hz`, `sampling:128`, `fs=250`, `Interval: 4 ms`, `at 32 Hz`,
 * `labels:COUNTER AF3 F7`, and `date format dd/MM/yyyy`.
 *
 * @param columns number of columns of the table
 */
export function readPreambleFacts(lines: readonly string[], columns: number): PreambleFacts {
  const first = (pattern: RegExp) => lines.map((line) => pattern.exec(line)).find((found) => found !== null);
  const stated = first(rateKey) ?? first(rateValue);
  const period = first(interval);
  const unit = timeUnitOf(period?.[2] ?? '');
  const rate = stated
    ? Number(stated[1]) * (/^k/i.test(stated[2] ?? '') ? 1000 : 1)
    : unit && 1000 / (Number(period?.[1]) * unit);
  const names = first(namesKey)?.[1].trim().split(/\s+/);
  const dates = first(/\b(dd?|mm?)[./-](dd?|mm?)[./-]yy(yy)?\b/i);
  return {
    ...(rate !== undefined && rate > 0 && rate < Infinity && { rate }),
    ...(names?.length === columns && { names }),
    ...(dates && { dates: /^d/i.test(dates[1]) ? 'DMY' : 'MDY' }),
  };
}
