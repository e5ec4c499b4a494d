import type { AlarmCause } from './finding.ts';

/** What each cause means, to somebody who reads a list. */
export const causeWords: Readonly<Record<AlarmCause, string>> = {
  range: 'out of range',
  level: 'level shift',
  surprise: 'unlike before',
  dead: 'shows nothing new',
  wear: 'slow wear',
  silent: 'no samples',
};
