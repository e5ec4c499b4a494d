import { nonNegative, positive, renamedOption } from '../check.ts';

/** Timing and grouping of alarms. All times in ms. */
export interface AlarmOptions {
  /**
   * How far below the threshold a score keeps an alarm active, in decades. Default 1: scores that occur ten times as
   * often.
   */
  hysteresis?: number;
  /** How long a stream must be anomalous before an alarm is raised, in ms. Default 0. */
  onDelay?: number;
  /**
   * How long a stream must be normal before its alarm is cleared, in ms; at least ten of its frames. Default 10,000
   * (10 s).
   */
  offDelay?: number;
  /** How long after clearing an alarm is reopened instead of raising a new one; at least ten frames. Default 1 min. */
  cooldown?: number;
  /** How long an alarm can stay unacknowledged before it is escalated. Default 10 min. */
  escalateAfter?: number;
  /**
   * Alarms of several streams that start, or may have started, within this time of each other are grouped into one, in
   * ms. Default 5000 (5 s).
   */
  groupWithin?: number;
  /** @deprecated Use `onDelay`. */
  least?: number;
  /** @deprecated Use `offDelay`. */
  calm?: number;
  /** @deprecated Use `groupWithin`. */
  together?: number;
}

/** Alarm options with all defaults, under their current names. */
export type AlarmTimes = Required<Omit<AlarmOptions, 'least' | 'calm' | 'together'>>;

/**
 * Returns the options with all defaults.
 * @throws RangeError or TypeError if an option is invalid, or if it is given under its old and its new name
 */
export function alarmOptions(options: AlarmOptions = {}): AlarmTimes {
  const { hysteresis = 1, cooldown = 60_000, escalateAfter = 600_000 } = options;
  const onDelay = renamedOption(options, 'onDelay', 'least') ?? 0;
  const offDelay = renamedOption(options, 'offDelay', 'calm') ?? 10_000;
  const groupWithin = renamedOption(options, 'groupWithin', 'together') ?? 5000;
  for (const [name, value] of Object.entries({ hysteresis, onDelay, cooldown, groupWithin })) nonNegative(name, value);
  for (const [name, value] of Object.entries({ offDelay, escalateAfter })) positive(name, value, 'ms');
  return { hysteresis, onDelay, offDelay, cooldown, escalateAfter, groupWithin };
}
