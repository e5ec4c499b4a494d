import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import { causeLabels } from '../../src/core/alarms/finding.ts';
import { formatDuration } from '../format-time.ts';

/** The affected channel and the cause of an alarm: `C3 out of range`. */
export function alarmCause({ members }: AlarmRecord): string {
  const [{ cause, channels }] = members;
  return cause === 'silent' || channels.length === 0
    ? causeLabels[cause]
    : `${channels[0].label} ${causeLabels[cause]}`;
}

/** The streams of an alarm: `pump.3`, `hall.* (300 streams)`, or `mill and 1 more`. */
export function alarmSource({ members }: AlarmRecord): string {
  const [{ stream }] = members;
  if (members.length === 1) return stream;
  const shared = members.reduce((prefix, member) => commonPrefix(prefix, member.stream), stream);
  return shared.length > 1 ? `${shared}* (${members.length} streams)` : `${stream} and ${members.length - 1} more`;
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** How often a score this high occurs by chance: `once in 3.2 days by chance`. Empty without a score. */
export function rarity({ score, rate }: AlarmMember): string {
  if (score <= 0) return '';
  const frames = 10 ** score;
  return `once in ${rate > 0 ? formatDuration(frames / rate) : `${Math.round(frames)} frames`} by chance`;
}

/** The time of day, preceded by the date if it is not today. */
export function timeOfDay(time: number, now: number): string {
  const date = new Date(time);
  const day = date.toDateString() === new Date(now).toDateString() ? '' : `${date.toLocaleDateString()} `;
  return `${day}${date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })}`;
}
