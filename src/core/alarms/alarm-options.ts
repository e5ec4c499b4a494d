import { nonNegative, positive } from '../check.ts';

/** How alarms live; all times in ms. */
export interface AlarmOptions {
  /** How far below the threshold a score keeps an alarm up, in decades. Default 1: scores ten times as common. */
  hysteresis?: number;
  /** How long a stream must be out of the ordinary before it is told. Default 0. */
  least?: number;
  /** How long a stream must be calm before its alarm is cleared, ten of its frames at least. Default 10 s. */
  calm?: number;
  /** How long after it was cleared an alarm comes back, instead of a new one; ten frames at least. Default 1 min. */
  cooldown?: number;
  /** How long an alarm may stand before it is escalated, unless somebody acknowledges it. Default 10 min. */
  escalateAfter?: number;
  /** Streams whose alarms begin, or may have begun, within so much of one another share one. Default 5 s. */
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

/** The options with every default in its place. Throws RangeError or TypeError on one that is wrong. */
export function alarmOptions(options: AlarmOptions = {}): Required<AlarmOptions> {
  const given = { ...defaults, ...options };
  for (const name of ['hysteresis', 'least', 'cooldown', 'together'] as const) nonNegative(name, given[name]);
  for (const name of ['calm', 'escalateAfter'] as const) positive(name, given[name], 'ms');
  return given;
}
