import { alarmOptions, type AlarmOptions } from '../core/alarms/alarm-options.ts';
import { checkOptions } from '../core/detector/detector.ts';
import type { FalseAlarms } from '../core/detector/false-alarms.ts';
import { webhookAddress } from './webhook.ts';

/** How a server raises alarms, and where it tells them. */
export interface ServerAlarms extends AlarmOptions {
  /** False alarms that are put up with, of one stream: '1/month' (default), '2/week'. */
  falseAlarms?: FalseAlarms;
  /**
   * Frames of commissioning of each stream; of one faster than 25 Hz tenths of a second. What it is like then is
   * kept, and slow wear away from it told. Default: none.
   */
  reference?: number;
  /** A file of all that happens to alarms, one JSON line each. Default: alarms.jsonl in `statePath`; none without one. */
  log?: string;
  /** An address that is told of all that happens to alarms, one POST of JSON each. */
  webhook?: string;
}

/** Returns `alarms` if they are right, else throws an error that names which option is wrong. */
export function checkAlarms(alarms: ServerAlarms): ServerAlarms {
  alarmOptions(alarms);
  checkOptions({ falseAlarms: alarms.falseAlarms, reference: alarms.reference });
  if (alarms.webhook !== undefined) webhookAddress(alarms.webhook);
  return alarms;
}
