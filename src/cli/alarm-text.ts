import type { Alarm } from '../core/detector/detector.ts';
import type { FalseAlarms } from '../core/detector/alarm-budget.ts';
import { counted } from './counted.ts';

/** `45 days`, `3.2 hours`: a time in words. */
export function duration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [365 * 86_400, 'year'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ];
  const [size, name] = units.find(([each]) => seconds >= 1.5 * each) ?? [1, 'second'];
  const count = seconds / size;
  return counted(count >= 10 ? Math.round(count) : Number(count.toFixed(1)), name);
}

/** How rare a score is, at so many frames a second: once in how long; nothing where nothing was scored. */
export function rarity(score: number, rate: number): string {
  return score === 0 ? '' : `once in ${duration(10 ** score / rate)}`;
}

/** `1/month`, `1 in 10000 frames`. */
export function falseAlarmsText(rate: FalseAlarms): string {
  return typeof rate === 'number' ? `1 in ${rate} frames` : rate;
}

/** Alarms, those of one cause at one frame made one: channels fall silent each for itself, and often all at once. */
export function gathered(alarms: readonly Alarm[]): Alarm[] {
  const groups = new Map<string, Alarm[]>();
  for (const alarm of alarms) {
    const key = `${alarm.index} ${alarm.cause}`;
    groups.set(key, [...(groups.get(key) ?? []), alarm]);
  }
  return [...groups.values()].map((group) => ({
    ...group[0],
    score: Math.max(...group.map(({ score }) => score)),
    since: Math.min(...group.map(({ since }) => since)),
    channels: group.flatMap(({ channels }) =>
      channels.map(({ channel, share }) => ({ channel, share: share / group.length })),
    ),
  }));
}

/** The most channels that are told by name. */
const mostNames = 8;

/** The channels that have a tenth of an alarm or more, `pressure 83 %, flow 12 %`; or that died or wore, `pressure, flow`. */
export function channelsText({ cause, channels }: Alarm, labels: readonly string[]): string {
  if (cause === 'dead' || cause === 'wear') {
    const names = channels.slice(0, mostNames).map(({ channel }) => labels[channel]);
    const more = channels.length - names.length;
    return more > 0 ? `${channels.length} channels: ${names.join(', ')} and ${more} more` : names.join(', ');
  }
  return channels
    .filter(({ share }, i) => i === 0 || share >= 0.1)
    .map(({ channel, share }) => `${labels[channel]} ${Math.round(100 * share)} %`)
    .join(', ');
}
