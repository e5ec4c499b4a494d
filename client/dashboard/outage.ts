import { formatDuration } from '../format-time.ts';
import { clockTime } from './liveness.ts';

/** What the page missed while it was disconnected. Times are on the server's clock, in ms since 1970. */
export interface Outage {
  readonly from: number;
  /** When the connection was open again; NaN before. */
  readonly to: number;
  /** Frames of each visible stream that were not received, also not afterwards; NaN if a new run started. */
  readonly missed: ReadonlyMap<string, number>;
  /** Number of alarms that were raised. */
  readonly alarms: number;
}

/** A report of an outage in sentences. */
export function outageReport({ from, to, missed, alarms }: Outage): string {
  const lost = [...missed].filter(([, frames]) => frames > 0);
  const restarted = [...missed].filter(([, frames]) => Number.isNaN(frames)).map(([stream]) => stream);
  const parts = [
    ...lost.map(([stream, frames]) => `${frames.toLocaleString('en')} ${plural('frame', frames)} of ${stream}`),
    ...restarted.map((stream) => `the end of an earlier run of ${stream}`),
    ...(alarms > 0 ? [`${alarms} new ${plural('alarm', alarms)}`] : []),
  ];
  const what = parts.length > 0 ? `Missed: ${new Intl.ListFormat('en').format(parts)}.` : 'The plots are complete.';
  const duration = formatDuration(Math.max(1, Math.round((to - from) / 1000)));
  return `Disconnected from ${clockTime(from, to)} to ${clockTime(to, to)} (${duration}). ${what}`;
}

function plural(word: string, count: number): string {
  return count === 1 ? word : `${word}s`;
}
