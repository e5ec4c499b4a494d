import { toMs } from '../../core/blocks/time-unit.ts';
import { epochUnitOf, timeUnitOf } from '../time/time-unit.ts';

/** What the lines before a table say about it. */
export interface PreambleFacts {
  /** Sampling rate in Hz. */
  readonly rate?: number;
  /** Time of the first frame in ms since 1970. */
  readonly start?: number;
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

/** The earliest start in ms: 2001. */
const earliest = 1e12;

/**
 * The start and the sampling rate in the first two rows of a table without a header, as Empatica writes them: a time since
 * 1970 in every column, then a rate in Hz in every column. Undefined if the first rows are samples.
 *
 *     1544027337.0, 1544027337.0      32.0, 32.0      -2, 61      …
 */
export function readStartRows(rows: readonly (readonly string[])[]): Pick<PreambleFacts, 'start' | 'rate'> | undefined {
  const [start, rate] = rows.slice(0, 2).map((cells) => (new Set(cells).size === 1 ? Number(cells[0]) : NaN));
  const unit = epochUnitOf(start);
  if (rows.length < 3 || unit === undefined || !(rate > 0 && rate <= 1e5)) return undefined;
  const time = toMs(start, unit);
  return time >= earliest ? { start: time, rate } : undefined;
}
