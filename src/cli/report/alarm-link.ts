/** The most alarms that are shown from near. */
export const mostCloseUps = 48;

/** The number of the `i`-th alarm from 0, which leads to where it is shown from near. */
export function alarmLink(i: number, style = ''): string {
  const number = i + 1;
  return i < mostCloseUps ? `<a href="#alarm-${number}"${style && ` style="${style}"`}>${number}</a>` : `${number}`;
}
