import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { causeLabels } from '../../src/core/alarms/finding.ts';
import { duration } from '../duration.ts';

/** Which channel it is, or which stream, and what is wrong with it: `C3 out of range`. */
export function whatIs({ members }: AlarmRecord): string {
  const [{ cause, channels }] = members;
  return cause === 'silent' || channels.length === 0
    ? causeLabels[cause]
    : `${channels[0].label} ${causeLabels[cause]}`;
}

/** Whose it is: `pump.3`, `hall.… (300 streams)`, or `mill and 1 more`. */
export function whoseIs({ members }: AlarmRecord): string {
  const [{ stream }] = members;
  if (members.length === 1) return stream;
  const shared = members.reduce((prefix, member) => sharedStart(prefix, member.stream), stream);
  return shared.length > 1 ? `${shared}… (${members.length} streams)` : `${stream} and ${members.length - 1} more`;
}

function sharedStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** How rare a score is: `once in 3.2 days`; nothing where nothing was scored. */
export function rarity({ score, rate }: AlarmMember): string {
  if (score <= 0) return '';
  const frames = 10 ** score;
  return `once in ${rate > 0 ? duration(frames / rate) : `${Math.round(frames)} frames`}`;
}

/** The time of day, and the day where it is another one. */
export function clock(time: number, now: number): string {
  const date = new Date(time);
  const day = date.toDateString() === new Date(now).toDateString() ? '' : `${date.toLocaleDateString()} `;
  return `${day}${date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
}
