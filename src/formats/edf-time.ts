const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/**
 * When an EDF file begins, in ms since 1970, its clock taken as UTC; undefined where the header does not tell.
 *
 *     date '24.04.89', time '16.13.00'                yy >= 85 is 19yy, else 20yy
 *     recording 'Startdate 24-APR-1989 …' (EDF+)      wins, for it has the whole year
 */
export function edfTime(date: string, time: string, recording: string): number | undefined {
  const short = /^(\d\d)[.](\d\d)[.](\d\d)$/.exec(date);
  const whole = /^Startdate (\d\d)-([A-Z]{3})-(\d{4})( |$)/i.exec(recording);
  const clock = /^(\d\d)[.:](\d\d)[.:](\d\d)$/.exec(time);
  if (!clock || !(whole ?? short)) return undefined;
  const [day, month, year] = whole
    ? [Number(whole[1]), months.indexOf(whole[2].toUpperCase()), Number(whole[3])]
    : [Number(short?.[1]), Number(short?.[2]) - 1, century(Number(short?.[3]))];
  const [hour, minute, second] = clock.slice(1).map(Number);
  const ms = Date.UTC(year, month, day, hour, minute, second);
  const read = new Date(ms);
  const same = read.getUTCMonth() === month && read.getUTCHours() === hour && read.getUTCMinutes() === minute;
  return same ? ms : undefined;
}

function century(year: number): number {
  return year + (year >= 85 ? 1900 : 2000);
}
