import * as v from 'valibot';
import * as field from './fields.ts';
import { type AlarmMessage, alarmMessage, type AlarmsMessage, alarmsMessage } from './alarm.ts';
import { decodeBlock, type WireBlock } from './block-header.ts';
import { checkMessage, parseText, typeOf } from './check-message.ts';
import { type ErrorMessage, errorMessage } from './ingest-reply.ts';
import { ProtocolError } from './protocol-error.ts';
import { type StreamInfo, streamInfo } from './stream-info.ts';

/** All streams; sent on connecting and whenever one comes, goes or changes. */
export interface StreamsMessage {
  type: 'streams';
  streams: StreamInfo[];
}
/** The subscription stands; its first frame is `next` of run `run`. */
export interface SubscribedMessage {
  type: 'subscribed';
  id: number;
  stream: string;
  run: number;
  next: number;
}
/** A learner's kernels as they are at frame `at`. */
export interface KernelsMessage {
  type: 'kernels';
  id: number;
  learner: number;
  at: number;
  /** [out, taps, in]; tap 0 meets the newest frame. */
  shape: [number, number, number];
  data: number[];
  /** The first weights; with the first message of a subscription only. */
  start?: number[];
}
/** A learner's running score at frame `at`; null until known. */
export interface LossMessage {
  type: 'loss';
  id: number;
  learner: number;
  at: number;
  /** Squared error over the variance of the truth. */
  nmse: number | null;
  /** 1 - nmse / persistence. */
  skill: number | null;
  /** The nmse of guessing that nothing changes. */
  persistence: number | null;
  rms: number | null;
  /** The nmse of the mean of the last 8 frames, and of a constant and a mains sine. Absent: the server does not tell. */
  movingAverage?: number | null;
  mains?: number | null;
  /** The nmse and the skill of all frames so far. */
  overall?: { nmse: number | null; skill: number | null };
  /** Updates so far, how many outputs were not learned from, by the reason, and how often the last good weights came back. */
  updates?: number;
  refused?: Record<string, number>;
  rollbacks?: number;
}
/** An event of the stream, `frames` long. */
export interface MarkMessage {
  type: 'mark';
  id: number;
  at: number;
  label: string;
  frames?: number;
}
/** Frames that never came. */
export interface GapMessage {
  type: 'gap';
  id: number;
  from: number;
  count: number;
}
/** A new run began: channels, rate or numbering changed. */
export interface RunMessage {
  type: 'run';
  id: number;
  run: number;
  next: number;
}
/** This viewer was too slow: so many frames (or messages) of `what` were left out. */
export interface DroppedMessage {
  type: 'dropped';
  id: number;
  what: string;
  from: number;
  count: number;
}
/** How one stream does. */
export interface StreamHealth {
  name: string;
  /** Measured, in Hz. */
  rate: number;
  /** Now minus the time of the newest frame, in ms; null when unknown. */
  lag: number | null;
  /** Frames received, frames that never came, frames with a sample that is not real. */
  received: number;
  gaps: number;
  invalid: number;
  /** The next index expected. */
  next?: number;
}
/** How the streams do; once a second. */
export interface HealthMessage {
  type: 'health';
  streams: StreamHealth[];
}
/** A binary message, decoded. */
export type BlockMessage = { type: 'block' } & WireBlock;
/** Every text message that a server sends a viewer. */
export type WatchText =
  | StreamsMessage
  | SubscribedMessage
  | KernelsMessage
  | LossMessage
  | MarkMessage
  | GapMessage
  | RunMessage
  | DroppedMessage
  | HealthMessage
  | AlarmsMessage
  | AlarmMessage
  | ErrorMessage;
/** Everything that a server sends a viewer. */
export type WatchMessage = WatchText | BlockMessage;

const known = v.nullable(v.number());
const health = v.object({
  name: field.name,
  rate: v.number(),
  lag: known,
  received: v.number(),
  gaps: v.number(),
  invalid: v.number(),
  next: v.optional(field.index),
});

const schemas = new Map<string, field.Schema<WatchText>>([
  ['streams', v.object({ type: v.literal('streams'), streams: v.array(streamInfo) })],
  [
    'subscribed',
    v.object({ type: v.literal('subscribed'), id: field.id, stream: field.name, run: field.run, next: field.index }),
  ],
  [
    'kernels',
    v.object({
      type: v.literal('kernels'),
      id: field.id,
      learner: field.place,
      at: field.index,
      shape: v.tuple([v.number(), v.number(), v.number()]),
      data: v.array(v.number()),
      start: v.optional(v.array(v.number())),
    }),
  ],
  [
    'loss',
    v.object({
      type: v.literal('loss'),
      id: field.id,
      learner: field.place,
      at: field.index,
      nmse: known,
      skill: known,
      persistence: known,
      rms: known,
      movingAverage: v.optional(known),
      mains: v.optional(known),
      overall: v.optional(v.object({ nmse: known, skill: known })),
      updates: v.optional(field.index),
      refused: v.optional(v.record(v.string(), field.index)),
      rollbacks: v.optional(field.index),
    }),
  ],
  [
    'mark',
    v.object({
      type: v.literal('mark'),
      id: field.id,
      at: field.index,
      label: v.string(),
      frames: v.optional(field.count),
    }),
  ],
  ['gap', v.object({ type: v.literal('gap'), id: field.id, from: field.index, count: field.count })],
  ['run', v.object({ type: v.literal('run'), id: field.id, run: field.run, next: field.index })],
  [
    'dropped',
    v.object({ type: v.literal('dropped'), id: field.id, what: v.string(), from: field.index, count: field.count }),
  ],
  ['health', v.object({ type: v.literal('health'), streams: v.array(health) })],
  ['alarms', alarmsMessage],
  ['alarm', alarmMessage],
  ['error', errorMessage],
]);

/** Reads one message of the server to a viewer, text or binary. Throws a ProtocolError and nothing else. */
export function parseWatch(message: string | Uint8Array | ArrayBuffer): WatchMessage {
  if (typeof message !== 'string') return { type: 'block', ...decodeBlock(message) };
  const json = parseText(message);
  const schema = schemas.get(typeOf(json));
  if (!schema)
    throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got another`);
  return checkMessage(schema, json, new Map());
}
