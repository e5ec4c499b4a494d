import { dayOf, utcOf } from '../time/calendar-day.ts';

/** The start of an EDF file. */
export interface EdfStart {
  /** ms since 1970, with its local time read as UTC; undefined if unknown. */
  readonly time: number | undefined;
  readonly notes: readonly string[];
}

/**
 * The start of an EDF or BDF file, from three fields of its header. As in MNE, the date in `recording` takes precedence because
 * it has the full year; where it is not a date, `date` is used (see `dayOf` for how both can be written).
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

/** A time of day in ms; undefined if it is invalid. */
function clockOf(text: string): number | undefined {
  const parts = /^(\d{1,2})\D+(\d{1,2})\D+(\d{1,2})$/.exec(text) ?? /^(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (!parts) return undefined;
  const [hour, minute, second] = parts.slice(1).map(Number);
  return hour < 24 && minute < 60 && second < 60 ? ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}
