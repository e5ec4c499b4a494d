import { nonNegative, positive } from '../check.ts';

/** Timing and grouping of alarms. All times in ms. */
export interface AlarmOptions {
  /**
   * How far below the threshold a score keeps an alarm active, in decades. Default 1: scores that occur ten times as
   * often.
   */
  hysteresis?: number;
  /** On-delay: how long a stream must be anomalous before an alarm is raised. Default 0. */
  least?: number;
  /**
   * Off-delay: how long a stream must be normal before its alarm is cleared; at least ten of its frames. Default 10 s.
   */
  calm?: number;
  /** How long after clearing an alarm is reopened instead of raising a new one; at least ten frames. Default 1 min. */
  cooldown?: number;
  /** How long an alarm can stay unacknowledged before it is escalated. Default 10 min. */
  escalateAfter?: number;
  /**
   * Alarms of several streams that start, or may have started, within this time of each other are grouped into one.
   * Default 5 s.
   */
  together?: number;
}

const defaults: Required<AlarmOptions> = {
  hysteresis: 1,
  least: 0,
  calm: 10_000,
  cooldown: 60_000,
  escalateAfter: 600_000,
  together: 5000,
};

/**
 * Returns the options with all defaults.
 * @throws RangeError or TypeError if an option is invalid
 */
export function alarmOptions(options: AlarmOptions = {}): Required<AlarmOptions> {
  const given = { ...defaults, ...options };
  for (const name of ['hysteresis', 'least', 'cooldown', 'together'] as const) nonNegative(name, given[name]);
  for (const name of ['calm', 'escalateAfter'] as const) positive(name, given[name], 'ms');
  return given;
}
