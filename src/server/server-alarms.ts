import { alarmOptions, type AlarmOptions } from '../core/alarms/alarm-options.ts';
import { checkDetectorOptions } from '../core/detector/detector.ts';
import type { FalseAlarms } from '../core/detector/alarm-budget.ts';
import { webhookAddress } from './webhook.ts';

/** How a server raises alarms and where it sends them. */
export interface ServerAlarms extends AlarmOptions {
  /** False-alarm rate per stream, such as '1/month' (default) or '2/week'. */
  falseAlarms?: FalseAlarms;
  /**
   * Length of the reference period of each stream: in frames, or in tenths of a second for streams faster than 25 Hz.
   * Slow drift away from it raises an alarm. Default: no reference period.
   */
  reference?: number;
  /** Log file of alarm events, one JSON line per event. Default: alarms.jsonl in `statePath`, if set. */
  log?: string;
  /** URL that receives alarm events, one JSON POST request per event. */
  webhook?: string;
}

/** Returns `alarms`; throws an error that names the invalid option, if any. */
export function checkAlarms(alarms: ServerAlarms): ServerAlarms {
  alarmOptions(alarms);
  checkDetectorOptions({ falseAlarms: alarms.falseAlarms, reference: alarms.reference });
  if (alarms.webhook !== undefined) webhookAddress(alarms.webhook);
  return alarms;
}
