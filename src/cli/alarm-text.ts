import type { Alarm } from '../core/detector/detector.ts';
import { framesBetween, type FalseAlarms } from '../core/detector/alarm-budget.ts';
import { counted, duration } from './amounts.ts';

/** How rare a score is at a sampling rate in Hz: `once in 3.2 hours`; '' if there is no score. */
export function rarity(score: number, rate: number): string {
  return score === 0 ? '' : `once in ${duration(10 ** score / rate)}`;
}

/** A false-alarm rate in words: `1/month`, `1 in 10000 frames`. */
export function falseAlarmsText(rate: FalseAlarms): string {
  return typeof rate === 'number' ? `1 in ${rate} frames` : rate;
}

/** Joins alarms with the same cause and frame into one: channels flatline one by one, and often all at once. */
export function grouped(alarms: readonly Alarm[]): Alarm[] {
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

/** Causes that concern every channel of an alarm equally. */
const wholeChannelCauses: readonly Alarm['cause'][] = ['dead', 'wear'];

/** Channels with a smaller share of an alarm than this are not named. */
const minShare = 0.1;

/** The channels of an alarm that are worth naming, largest share first. */
export function affectedChannels({ cause, channels }: Alarm): Alarm['channels'] {
  return channels.filter(({ share }, i) => wholeChannelCauses.includes(cause) || i === 0 || share >= minShare);
}

/** More channels than this are counted instead of named. */
const maxNames = 8;

/** The affected channels with their shares: `pressure 83%, flow 12%`; without shares if they flatlined or drifted. */
export function channelsText(alarm: Alarm, labels: readonly string[]): string {
  const channels = affectedChannels(alarm);
  if (!wholeChannelCauses.includes(alarm.cause))
    return channels.map(({ channel, share }) => `${labels[channel]} ${Math.round(100 * share)}%`).join(', ');
  const names = channels.slice(0, maxNames).map(({ channel }) => labels[channel]);
  const more = channels.length - names.length;
  return more > 0 ? `${channels.length} channels: ${names.join(', ')}, and ${more} more` : names.join(', ');
}

/** Frames that a detector needs before its first score. */
export const framesToFirstScore = 180;
/** A recording shorter than this part of the mean time between false alarms is too short for the rate. */
const minShareOfInterval = 1 / 20;

/**
 * A summary of a run: the number of alarms and, if the recording is too short for the false-alarm rate, a rate that suits
 * it. `rate` is the sampling rate in Hz.
 */
export function detectSummary(alarms: number, frames: number, falseAlarms: FalseAlarms, rate: number): string {
  const accepted = falseAlarmsText(falseAlarms);
  const lines = [`${counted(alarms, 'alarm')} in ${counted(frames, 'frame')} (false-alarm rate: ${accepted})`];
  if (frames < framesToFirstScore)
    lines.push(`The recording is too short: the detector needs ${framesToFirstScore} frames before its first score.`);
  else if (frames < minShareOfInterval * framesBetween(falseAlarms, rate)) {
    const suitable = typeof falseAlarms === 'number' ? Math.ceil(frames / 2) : twiceIn(frames / rate);
    lines.push(
      `The recording (${duration(frames / rate)}) is short for a false-alarm rate of ${accepted}: only large anomalies are reported. ` +
        `Try --false-alarms ${suitable}.`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const units = [
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 7 * 86_400],
] as const;

/** The false-alarm rate that corresponds to about two in `seconds`. */
function twiceIn(seconds: number): string {
  const countIn = (unit: number) => Math.round((2 * unit) / seconds);
  const [name, unit] = units.find(([, each]) => countIn(each) >= 1) ?? ['month', 30 * 86_400];
  return `${Math.max(1, countIn(unit))}/${name}`;
}
