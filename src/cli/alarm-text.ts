import { duration, counted } from './amounts.ts';
import type { Alarm } from '../core/detector/detector.ts';
import { type FalseAlarms, framesBetween } from '../core/detector/false-alarms.ts';

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

/** Frames that a detector hears before its first score. */
export const framesToFirstScore = 180;
/** A recording shorter than this part of the mean time between false alarms tells little. */
const short = 1 / 20;

/** How many alarms there were, and, where the recording is too short for the rate of false alarms, that it is; `rate` in Hz. */
export function detectSummary(alarms: number, frames: number, falseAlarms: FalseAlarms, rate: number): string {
  const at = falseAlarmsText(falseAlarms);
  const lines = [`${counted(alarms, 'alarm')} in ${counted(frames, 'frame')} (false alarms: ${at})`];
  if (frames < framesToFirstScore)
    lines.push(`too short: a detector needs ${framesToFirstScore} frames before its first score`);
  else if (frames < short * framesBetween(falseAlarms, rate))
    lines.push(
      `${frames} frames are ${duration(frames / rate)}: at ${at} little can be told so early; ` +
        `--false-alarms ${typeof falseAlarms === 'number' ? Math.ceil(frames / 2) : twiceIn(frames / rate)} tells more`,
    );
  return `${lines.join('\n')}\n`;
}

const units = [
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 7 * 86_400],
] as const;

/** The rate of false alarms that brings about two in so many seconds. */
function twiceIn(seconds: number): string {
  const countIn = (unit: number) => Math.round((2 * unit) / seconds);
  const [name, unit] = units.find(([, each]) => countIn(each) >= 1) ?? ['month', 30 * 86_400];
  return `${Math.max(1, countIn(unit))}/${name}`;
}
