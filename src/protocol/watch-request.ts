import * as v from 'valibot';
import {
  alarmControl,
  type AlarmControl,
  maintenanceRequest,
  type MaintenanceRequest,
  watchAlarms,
  type WatchAlarms,
} from './alarm.ts';
import { checkMessage, parseText, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

/** Data of a stream that a viewer can subscribe to. */
export const watchable = ['raw', 'features', 'kernels', 'loss', 'marks', 'prediction'] as const;
export type Watchable = (typeof watchable)[number];

/** Subscribes to data of a stream; its messages contain `id`. */
export interface Subscribe {
  type: 'subscribe';
  id: number;
  stream: string;
  what: Watchable[];
  /** Maximum number of messages per second of each kind. Default: 30. */
  maxHz?: number;
  /** Whether to send the recent data that the server keeps first. Default: false. */
  recent?: boolean;
}
/** Ends subscription `id`. */
export interface Unsubscribe {
  type: 'unsubscribe';
  id: number;
}
/**
 * Turns a learner on or off, sets its learning rate, or performs an action: freeze, unfreeze, reset to the initial
 * weights, or roll back to the last good ones.
 */
export interface Learning {
  type: 'learning';
  stream: string;
  learner: number;
  on?: boolean;
  /** Learning rate (µ), above 0 and at most 2. */
  learningRate?: number;
  /** @deprecated Send `learningRate`. Accepted for one more version. */
  step?: number;
  act?: LearningAct;
}
/** Removes an ended stream and its alarms. */
export interface Remove {
  type: 'remove';
  stream: string;
}
export type LearningAct = 'freeze' | 'unfreeze' | 'reset' | 'rollback';
/** A message from a viewer. */
export type WatchRequest =
  Subscribe | Unsubscribe | Learning | Remove | WatchAlarms | AlarmControl | MaintenanceRequest;

const whatRule = `a list of ${watchable.join(', ')}`;
const subscribe: field.Schema<Subscribe> = v.object(
  {
    type: v.literal('subscribe'),
    id: field.id,
    stream: field.name,
    what: v.pipe(
      v.array(v.picklist(watchable, whatRule), whatRule),
      v.minLength(1, whatRule),
      v.maxLength(16, whatRule),
    ),
    maxHz: v.optional(
      v.pipe(
        v.number('a number > 0 and at most 1000 in Hz'),
        v.check((hz: number) => hz > 0 && hz <= 1000, 'a number > 0 and at most 1000 in Hz'),
      ),
    ),
    recent: v.optional(v.boolean('true or false')),
  },
  'given',
);
const unsubscribe: field.Schema<Unsubscribe> = v.object({ type: v.literal('unsubscribe'), id: field.id }, 'given');
const remove: field.Schema<Remove> = v.object({ type: v.literal('remove'), stream: field.name }, 'given');
const learningRate = v.pipe(
  v.number('a number > 0 and at most 2'),
  v.check((mu: number) => mu > 0 && mu <= 2, 'a number > 0 and at most 2'),
);
const learning: field.Schema<Learning> = v.pipe(
  v.object(
    {
      type: v.literal('learning'),
      stream: field.name,
      learner: field.place,
      on: v.optional(v.boolean('true or false')),
      learningRate: v.optional(learningRate),
      step: v.optional(learningRate),
      act: v.optional(v.picklist(['freeze', 'unfreeze', 'reset', 'rollback'], 'freeze, unfreeze, reset or rollback')),
    },
    'given',
  ),
  v.forward(
    v.check(
      ({ learningRate, step }) => learningRate === undefined || step === undefined,
      'absent where learningRate is given',
    ),
    ['step'],
  ),
  v.transform(({ step, ...rest }) => (step === undefined ? rest : { ...rest, learningRate: step })),
);

const schemas = new Map<string, field.Schema<WatchRequest>>([
  ['subscribe', subscribe],
  ['unsubscribe', unsubscribe],
  ['learning', learning],
  ['remove', remove],
  ['alarms', watchAlarms],
  ['alarm', alarmControl],
  ['maintenance', maintenanceRequest],
]);
const codes = new Map<string, ErrorCode>([
  ['id', 'bad-id'],
  ['stream', 'bad-name'],
  ['what', 'bad-what'],
  ['maxHz', 'bad-rate'],
  ['recent', 'bad-recent'],
  ['learner', 'unknown-learner'],
  ['on', 'bad-learning'],
  ['learningRate', 'bad-learning'],
  ['step', 'bad-learning'],
  ['alarm', 'bad-id'],
  ['do', 'bad-alarm'],
  ['until', 'bad-time'],
  ['streams', 'bad-name'],
  ['act', 'bad-learning'],
]);

/**
 * Parses a message of a viewer.
 * @throws ProtocolError and no other error
 */
export function parseWatchRequest(message: string | Uint8Array | ArrayBuffer): WatchRequest {
  if (typeof message !== 'string') throw new ProtocolError('binary-refused', 'message must be text, got bytes');
  const json = parseText(message);
  const type = typeOf(json);
  const schema = schemas.get(type);
  if (schema) return checkMessage(schema, json, type === 'alarms' ? new Map([['on', 'bad-alarm']]) : codes);
  throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got ${show(type)}`);
}
