import * as v from 'valibot';
import { alarmKinds, type AlarmMember, type AlarmRecord } from '../core/alarms/alarm-lifecycle.ts';
import type { MaintenanceWindow } from '../core/alarms/suppression.ts';
import * as field from './fields.ts';

/** All open alarms, the newest cleared ones, and the streams in maintenance. */
export interface AlarmsMessage {
  type: 'alarms';
  alarms: AlarmRecord[];
  maintenance: MaintenanceWindow[];
}

/** An event of an alarm, with its current record. A slow viewer receives only the newest event of each alarm. */
export interface AlarmMessage {
  type: 'alarm';
  step: (typeof alarmSteps)[number];
  time: number;
  alarm: AlarmRecord;
}

/** Subscribes to the alarms of all streams, or unsubscribes. */
export interface WatchAlarms {
  type: 'alarms';
  on: boolean;
}

/** Performs an action on an alarm; `until`, for 'shelve', is in ms since 1970. */
export interface AlarmControl {
  type: 'alarm';
  alarm: number;
  do: (typeof alarmActions)[number];
  until?: number;
}

/**
 * Raises no new alarms of some streams until a time in ms since 1970. `streams` is a name, or a prefix followed by `*`.
 */
export interface MaintenanceRequest extends MaintenanceWindow {
  type: 'maintenance';
}

export const alarmSteps = [
  'raised',
  'joined',
  'worsened',
  'returned',
  'escalated',
  'acknowledged',
  'shelved',
  'cleared',
  'falseAlarm',
] as const;
/** Actions of a viewer on an alarm. */
export const alarmActions = ['acknowledge', 'shelve', 'clear', 'falseAlarm'] as const;

const streamsRule = 'a stream name, or a prefix followed by *';
const streams: field.Schema<string> = v.pipe(
  v.string(streamsRule),
  v.regex(/^[A-Za-z0-9._-]{0,64}(?:[A-Za-z0-9_.-]|\*)$/, streamsRule),
);
export const maintenance: field.Schema<MaintenanceWindow> = v.object({ streams, until: field.time });

const member: field.Schema<AlarmMember> = v.object({
  stream: field.name,
  cause: v.picklist(['range', 'level', 'surprise', 'dead', 'wear', 'silent']),
  score: v.number(),
  rate: v.number(),
  channels: v.array(v.object({ label: v.string(), share: v.number() })),
  since: field.time,
  by: v.optional(field.time),
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
export const alarmControl: field.Schema<AlarmControl> = v.pipe(
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
