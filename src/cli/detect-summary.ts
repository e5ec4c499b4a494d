import { framesBetween, type FalseAlarms } from '../core/detector/alarm-budget.ts';
import { duration, falseAlarmsText } from './alarm-text.ts';
import { counted } from './counted.ts';

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
