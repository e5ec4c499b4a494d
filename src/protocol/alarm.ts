import * as v from 'valibot';
import { alarmKinds, type AlarmMember, type AlarmRecord, type AlarmStep } from '../core/alarms/alarm-lifecycle.ts';
import type { MaintenanceWindow } from '../core/alarms/suppression.ts';
import * as field from './fields.ts';

/** All open alarms, the newest cleared ones, and the streams in maintenance. */
export interface AlarmsMessage {
  /** Message type. */
  type: 'alarms';
  /** Open alarms and the newest cleared ones. */
  alarms: AlarmRecord[];
  /** Streams whose alarms are suppressed, and until when. */
  maintenance: MaintenanceWindow[];
}

/** An event of an alarm, with its current record. A slow viewer receives only the newest event of each alarm. */
export interface AlarmMessage {
  /** Message type. */
  type: 'alarm';
  /** Kind of change. */
  step: AlarmStep;
  /** Time of the change, in ms since 1970. */
  time: number;
  /** The alarm after the change. */
  alarm: AlarmRecord;
}

/** Subscribes to the alarms of all streams, or unsubscribes. */
export interface WatchAlarms {
  /** Message type. */
  type: 'alarms';
  /** Whether to receive alarms. */
  on: boolean;
}

/** Action of a viewer on an alarm. 'falseAlarm' marks it as a false alarm and clears it. */
export type AlarmAction = 'acknowledge' | 'shelve' | 'clear' | 'falseAlarm';

/** Performs an action on an alarm. */
export interface AlarmRequest {
  /** Message type. */
  type: 'alarm';
  /** The `id` of the alarm. */
  alarm: number;
  /** Action to perform. */
  do: AlarmAction;
  /** When shelving ends, in ms since 1970. Required for 'shelve', ignored for other actions. */
  until?: number;
}

/** Starts maintenance: no new alarms are raised for the given streams until the given time. */
export interface MaintenanceRequest extends MaintenanceWindow {
  /** Message type. */
  type: 'maintenance';
}

/** All events of an alarm. */
const alarmSteps: readonly AlarmStep[] = [
  'raised',
  'joined',
  'worsened',
  'returned',
  'escalated',
  'acknowledged',
  'shelved',
  'cleared',
  'falseAlarm',
];
/** All actions of a viewer on an alarm. */
const alarmActions: readonly AlarmAction[] = ['acknowledge', 'shelve', 'clear', 'falseAlarm'];

const streamsRule = 'a stream name, or a prefix followed by *';
const streams: field.Schema<string> = v.pipe(
  v.string(streamsRule),
  v.regex(/^[A-Za-z0-9._-]{0,64}(?:[A-Za-z0-9_.-]|\*)$/, streamsRule),
);
export const maintenance: field.Schema<MaintenanceWindow> = v.object({ streams, until: field.time });

const member: field.Schema<AlarmMember> = v.object({
  stream: field.name,
  cause: v.picklist(['range', 'level', 'surprise', 'dead', 'wear', 'silent', 'unrecorded']),
  score: v.number(),
  rate: v.number(),
  channels: v.array(v.object({ label: v.string(), share: v.number() })),
  since: field.time,
  by: v.optional(field.time),
  reason: v.optional(v.string()),
  window: v.object({ run: field.run, from: v.number(), to: v.number() }),
  active: v.boolean(),
  joined: field.time,
  last: field.time,
});

/** The schema of an AlarmRecord. */
export const alarmRecord: field.Schema<AlarmRecord> = v.object({
  id: field.id,
  kind: v.picklist(alarmKinds),
  state: v.picklist(['raised', 'escalated', 'acknowledged', 'shelved', 'cleared']),
  raised: field.time,
  entered: field.time,
  changed: field.time,
  until: v.optional(field.time),
  falseAlarm: v.boolean(),
  dismissed: v.optional(v.boolean()),
  returns: v.number(),
  members: v.pipe(v.array(member), v.minLength(1)),
});

export const alarmsMessage: field.Schema<AlarmsMessage> = v.object({
  type: v.literal('alarms'),
  alarms: v.array(alarmRecord),
  maintenance: v.array(maintenance),
});
export const alarmMessage: field.Schema<AlarmMessage> = v.object({
  type: v.literal('alarm'),
  step: v.picklist(alarmSteps),
  time: field.time,
  alarm: alarmRecord,
});

export const watchAlarms: field.Schema<WatchAlarms> = v.object(
  { type: v.literal('alarms'), on: v.boolean('true or false') },
  'given',
);
const actionRule = `one of ${alarmActions.join(', ')}`;
export const alarmControl: field.Schema<AlarmRequest> = v.pipe(
  v.object(
    {
      type: v.literal('alarm'),
      alarm: field.id,
      do: v.picklist(alarmActions, actionRule),
      until: v.optional(field.time),
    },
    'given',
  ),
  v.forward(
    v.check((control) => control.do !== 'shelve' || control.until !== undefined, 'given in ms since 1970 for shelve'),
    ['until'],
  ),
);
export const maintenanceRequest: field.Schema<MaintenanceRequest> = v.object(
  { type: v.literal('maintenance'), streams, until: field.time },
  'given',
);
