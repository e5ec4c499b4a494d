/** The start of an EDF file. */
export interface EdfStart {
  /** ms since 1970, with its local time read as UTC; undefined if unknown. */
  readonly time: number | undefined;
  readonly notes: readonly string[];
}

/**
 * The start of an EDF or BDF file, from three fields of its header. As in MNE, the date in `recording` takes precedence because
 * it has the full year; where it is not a date, `date` is used. The order is day, month, year (with a year of four digits
 * first: year, month, day), whatever separates them; months can be numbers or names. A year yy >= 85 is 19yy, else 20yy.
 *
 *     date '24.04.89', '24/04/89', '24-4-89'
 *     time '16.13.00', '16:13:00'
 *     recording 'Startdate 24-APR-1989 …' (EDF+), 'Startdate 1989-04-24 …'; 'Startdate X' if it is unknown
 *
 * Notes report a date that is invalid, and two dates that differ by more than centuries.
 */
export function edfStart(date: string, time: string, recording: string): EdfStart {
  const written = /^Startdate:?\s+(\d{1,2}\s\p{L}+\s\d{4}|\S+)/iu.exec(recording)?.[1] ?? '';
  const [full, short] = [dayOf(written), dayOf(date)];
  const clock = clockOf(time);
  const day = full ?? short;
  if (!day || clock === undefined)
    return {
      time: undefined,
      notes: [
        `The start of the recording is unknown: it must be dd.mm.yy hh.mm.ss, got '${date} ${time}'${written && !full ? ` and 'Startdate ${written}'` : ''}.`,
      ],
    };
  const ignored = !full && /^[^X]/i.test(written);
  const differs =
    full && short && !(full.date === short.date && full.month === short.month && (full.year - short.year) % 100 === 0);
  return {
    time: utcOf(day) + clock,
    notes: [
      ...(ignored ? [`'Startdate ${written}' is not a valid date: the date '${date}' of the header is used.`] : []),
      ...(differs ? [`The header contains two dates: 'Startdate ${written}', which is used, and '${date}'.`] : []),
    ],
  };
}

interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly date: number;
}

const utcOf = ({ year, month, date }: Day) => Date.UTC(year, month - 1, date);

/** A day in a text; undefined if there is none or it does not exist. */
function dayOf(text: string): Day | undefined {
  const parts =
    /^(\d{4}|\d{1,2})[\W_]+(\d{1,2}|\p{L}+)[\W_]+(\d{4}|\d{1,2})(T.*)?$/u.exec(text) ??
    /^((?:19|20)\d\d)(\d\d)(\d\d)$/.exec(text) ??
    /^(\d\d)(\d\d)(\d{4})$/.exec(text);
  if (!parts) return undefined;
  const [first, middle, last] = parts.slice(1, 4);
  const [year, date] = first.length === 4 ? [first, last] : [last, first];
  const day = { year: fullYear(year), month: monthOf(middle), date: Number(date) };
  const read = new Date(utcOf(day));
  const exists = day.month > 0 && read.getUTCMonth() === day.month - 1 && read.getUTCDate() === day.date;
  return exists ? day : undefined;
}

function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year >= 85 ? 1900 : 2000);
}

/** First letters of the months in English, German, French, Spanish, Italian, Portuguese, Dutch, and the Nordic languages. */
const months = [
  ['JAN', 'ENE', 'GEN'],
  ['FEB', 'FEV'],
  ['MAR', 'MRZ', 'MAE', 'MRT', 'MAA'],
  ['APR', 'AVR', 'ABR'],
  ['MAY', 'MAI', 'MEI', 'MAJ', 'MAG'],
  ['JUN', 'JUIN', 'GIU'],
  ['JUL', 'JUIL', 'LUG'],
  ['AUG', 'AGO', 'AOU'],
  ['SEP', 'SET'],
  ['OCT', 'OKT', 'OUT', 'OTT'],
  ['NOV'],
  ['DEC', 'DEZ', 'DIC', 'DES'],
];

/** The number of a month from 1, without regard to case and accents; 0 if it is unknown. */
function monthOf(text: string): number {
  const name = text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase();
  return /^\d/.test(text) ? Number(text) : 1 + months.findIndex((names) => names.some((each) => name.startsWith(each)));
}

/** A time of day in ms; undefined if it is invalid. */
function clockOf(text: string): number | undefined {
  const parts = /^(\d{1,2})\D+(\d{1,2})\D+(\d{1,2})$/.exec(text) ?? /^(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (!parts) return undefined;
  const [hour, minute, second] = parts.slice(1).map(Number);
  return hour < 24 && minute < 60 && second < 60 ? ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}
