import { finish, type Slices } from '../core/slices.ts';
import * as v from 'valibot';
import {
  alarmControl,
  type AlarmRequest,
  maintenanceRequest,
  type MaintenanceRequest,
  watchAlarms,
  type WatchAlarms,
} from './alarm.ts';
import { checkMessage, isRecord, parseTextInSlices, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { historyRequest, type HistoryRequest } from './history-message.ts';
import { learnerRequest, type LearnerRequest } from './learner-request.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

/**
 * Data of a stream that a viewer can subscribe to:
 *
 * - `raw`: samples
 * - `features`: outputs of the feature map networks
 * - `kernels`: kernels of the learners
 * - `loss`: live scores of the learners
 * - `marks`: events
 * - `prediction`: predictions of the learners
 */
export type Watchable = 'raw' | 'features' | 'kernels' | 'loss' | 'marks' | 'prediction';
/** All kinds of data that a viewer can subscribe to. */
export const watchable: readonly Watchable[] = ['raw', 'features', 'kernels', 'loss', 'marks', 'prediction'];

/** Subscribes to data of a stream; its messages contain `id`. */
export interface Subscribe {
  /** Message type. */
  type: 'subscribe';
  /** Id of the subscription, chosen by the viewer, from 1 to 2^32 - 1. */
  id: number;
  /** Name of the stream. */
  stream: string;
  /** Data to receive. */
  what: Watchable[];
  /** Maximum number of messages per second of each kind. Default: 30. */
  maxHz?: number;
  /** Whether to send recent data before new data. Default: false. */
  recent?: boolean;
}
/** Ends subscription `id`. */
export interface Unsubscribe {
  /** Message type. */
  type: 'unsubscribe';
  /** The id of the subscription. */
  id: number;
}
/** Changes a learner. Absent fields are not changed. */
export interface LearningRequest {
  /** Message type. */
  type: 'learning';
  /** Name of the stream. */
  stream: string;
  /** Index of the learner in the stream, from 0. */
  learner: number;
  /** Whether the weights are updated. */
  on?: boolean;
  /** Learning rate (µ), above 0 and at most 2. */
  learningRate?: number;
  /** @deprecated Send `learningRate`. Accepted for one more version. */
  step?: number;
  /** Action to perform. */
  act?: LearningAct;
}
/**
 * Acknowledges messages. A viewer that sends acknowledgments, at least ten times per second while it receives messages, gets new
 * data rather than old data if it is too slow for all of it.
 */
export interface ViewerAck {
  /** Message type. */
  type: 'ack';
  /** Number of messages received since the connection was opened, text and binary. */
  received: number;
}
/** Removes an ended stream and its alarms. */
export interface RemoveRequest {
  /** Message type. */
  type: 'remove';
  /** Name of the stream. */
  stream: string;
}
/**
 * Action on a learner: stop updating the weights, continue, restore the initial weights, or restore the last good ones.
 */
export type LearningAct = 'freeze' | 'unfreeze' | 'reset' | 'rollback';
/** A message from a viewer. */
export type WatchRequest =
  | Subscribe
  | Unsubscribe
  | ViewerAck
  | HistoryRequest
  | LearningRequest
  | LearnerRequest
  | RemoveRequest
  | WatchAlarms
  | AlarmRequest
  | MaintenanceRequest;

const whatRule = `an array of one or more of ${watchable.join(', ')}`;
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
const ack: field.Schema<ViewerAck> = v.object({ type: v.literal('ack'), received: field.index }, 'given');
const remove: field.Schema<RemoveRequest> = v.object({ type: v.literal('remove'), stream: field.name }, 'given');
const learningRate = v.pipe(
  v.number('a number > 0 and at most 2'),
  v.check((mu: number) => mu > 0 && mu <= 2, 'a number > 0 and at most 2'),
);
const learning: field.Schema<LearningRequest> = v.pipe(
  v.object(
    {
      type: v.literal('learning'),
      stream: field.name,
      learner: field.place,
      on: v.optional(v.boolean('true or false')),
      learningRate: v.optional(learningRate),
      step: v.optional(learningRate),
      act: v.optional(
        v.picklist(['freeze', 'unfreeze', 'reset', 'rollback'], 'one of freeze, unfreeze, reset, rollback'),
      ),
    },
    'given',
  ),
  v.forward(
    v.check(
      ({ learningRate, step }) => learningRate === undefined || step === undefined,
      'absent if learningRate is given',
    ),
    ['step'],
  ),
  v.transform(({ step, ...rest }) => (step === undefined ? rest : { ...rest, learningRate: step })),
);

const schemas = new Map<string, field.Schema<WatchRequest>>([
  ['subscribe', subscribe],
  ['unsubscribe', unsubscribe],
  ['ack', ack],
  ['history', historyRequest],
  ['learning', learning],
  ['learner', learnerRequest],
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
  ['received', 'bad-count'],
  ['on', 'bad-learning'],
  ['learningRate', 'bad-learning'],
  ['step', 'bad-learning'],
  ['alarm', 'bad-id'],
  ['do', 'bad-alarm'],
  ['until', 'bad-time'],
  ['streams', 'bad-name'],
  ['act', 'bad-learning'],
  ['from', 'bad-time'],
  ['to', 'bad-time'],
  ['points', 'bad-points'],
  ['add', 'bad-learner'],
]);

/** Codes of messages in which a field has another meaning. */
const codesOf = new Map<string, ReadonlyMap<string, ErrorCode>>([
  ['alarms', new Map([['on', 'bad-alarm']])],
  ['learner', new Map([...codes, ['remove', 'bad-learner']])],
]);

/**
 * Parses a message of a viewer.
 * @throws ProtocolError and no other error
 */
export function parseWatchRequest(message: string | Uint8Array | ArrayBuffer): WatchRequest {
  return finish(parseWatchRequestInSlices(message));
}

/** `parseWatchRequest` in slices. */
export function* parseWatchRequestInSlices(message: string | Uint8Array | ArrayBuffer): Slices<WatchRequest> {
  if (typeof message !== 'string') throw new ProtocolError('binary-refused', 'message must be text, got bytes');
  const json = yield* parseTextInSlices(message);
  const type = typeOf(json);
  const schema = schemas.get(type);
  if (schema === historyRequest) return checkRequest(json);
  if (schema) return checkMessage(schema, json, codesOf.get(type) ?? codes);
  throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got ${show(type)}`);
}

/** Checks a request that has one answer: the error contains the id of the request, if the id is valid. */
function checkRequest(json: unknown): HistoryRequest {
  try {
    return checkMessage(historyRequest, json, codes);
  } catch (error) {
    const id = v.safeParse(field.id, isRecord(json) ? json.id : undefined);
    if (!(error instanceof ProtocolError) || !id.success) throw error;
    throw new ProtocolError(error.code, error.message, id.output);
  }
}
