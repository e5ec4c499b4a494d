import * as v from 'valibot';
import { alarmKinds, type AlarmMember, type AlarmRecord } from '../core/alarms/alarm-life.ts';
import type { Maintenance } from '../core/alarms/maintenance.ts';
import * as field from './fields.ts';

/** Every alarm that is open, and the newest of those that are not; and which streams are in maintenance. */
export interface AlarmsMessage {
  type: 'alarms';
  alarms: AlarmRecord[];
  maintenance: Maintenance[];
}

/** Something happened to an alarm: `alarm` is it as it stands. Of steps that a viewer was too slow for, only the newest comes. */
export interface AlarmMessage {
  type: 'alarm';
  step: (typeof alarmSteps)[number];
  time: number;
  alarm: AlarmRecord;
}

/** Asks for the alarms of all streams, or for no more of them. */
export interface WatchAlarms {
  type: 'alarms';
  on: boolean;
}

/** Does something with an alarm; `until`: of 'shelve', in ms since 1970. */
export interface AlarmControl {
  type: 'alarm';
  alarm: number;
  do: (typeof alarmActions)[number];
  until?: number;
}

/** Nothing new is to be told of some streams until a time, in ms since 1970. `streams`: a name, or its beginning and `*`. */
export interface MaintenanceRequest extends Maintenance {
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
/** What a viewer can do with an alarm. */
export const alarmActions = ['acknowledge', 'shelve', 'clear', 'falseAlarm'] as const;

const streamsRule = 'a stream name, or its beginning and *';
const streams: field.Schema<string> = v.pipe(
  v.string(streamsRule),
  v.regex(/^[A-Za-z0-9._-]{0,64}(?:[A-Za-z0-9_.-]|\*)$/, streamsRule),
);
export const maintenance: field.Schema<Maintenance> = v.object({ streams, until: field.time });

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
    v.check(
      (control) => control.do !== 'shelve' || control.until !== undefined,
      'ms since 1970 where it is to be shelved',
    ),
    ['until'],
  ),
);
export const maintenanceRequest: field.Schema<MaintenanceRequest> = v.object(
  { type: v.literal('maintenance'), streams, until: field.time },
  'given',
);
