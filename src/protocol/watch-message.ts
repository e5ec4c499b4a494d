import * as v from 'valibot';
import * as field from './fields.ts';
import { type AlarmMessage, alarmMessage, type AlarmsMessage, alarmsMessage } from './alarm.ts';
import { decodeBlock, type WireBlock } from './block-header.ts';
import { checkMessage, parseText, show, typeOf } from './check-message.ts';
import { type ErrorMessage, errorMessage } from './ingest-reply.ts';
import { type HistoryMessage, historyMessage } from './history-message.ts';
import { type KernelsMessage, kernelsMessage, type LossMessage, lossMessage } from './learner-message.ts';
import { ProtocolError } from './protocol-error.ts';
import { type StreamInfo, streamInfo } from './stream-info.ts';

/** All streams; sent on connection and whenever a stream is added, removed, or changed. */
export interface StreamsMessage {
  /** Message type. */
  type: 'streams';
  /** The streams, live and ended. */
  streams: StreamInfo[];
}
/** Confirms a subscription. */
export interface SubscribedMessage {
  /** Message type. */
  type: 'subscribed';
  /** The id of the subscription. */
  id: number;
  /** Name of the stream. */
  stream: string;
  /** Number of the current run. */
  run: number;
  /** Absolute index of the first frame that will be sent. */
  next: number;
}
/** An event of the stream. */
export interface MarkMessage {
  /** Message type. */
  type: 'mark';
  /** The id of the subscription. */
  id: number;
  /** Absolute index of the first frame. */
  at: number;
  /** Text of the event. */
  label: string;
  /** Duration in frames; absent for an instant. */
  frames?: number;
  /** Time of the event in ms since 1970, not rounded to a frame; absent if the sensor did not send it. */
  time?: number;
  /** Duration in ms, not rounded to frames; absent if the sensor did not send it. */
  duration?: number;
}
/** Missing frames. */
export interface GapMessage {
  /** Message type. */
  type: 'gap';
  /** The id of the subscription. */
  id: number;
  /** Absolute index of the first missing frame. */
  from: number;
  /** Number of missing frames. */
  count: number;
}
/** A new run started: channels, rate, or numbering changed. */
export interface RunMessage {
  /** Message type. */
  type: 'run';
  /** The id of the subscription. */
  id: number;
  /** Number of the new run. */
  run: number;
  /** Absolute index of its first frame. */
  next: number;
}
/** Reports that the server dropped data, oldest first, because this viewer is too slow. */
export interface DroppedMessage {
  /** Message type. */
  type: 'dropped';
  /** The id of the subscription. */
  id: number;
  /** Kind of the dropped data, such as `raw`. */
  what: string;
  /** Absolute index of the first dropped frame, or of the frame of the first dropped message. */
  from: number;
  /** Number of dropped frames, or of dropped messages. */
  count: number;
}
/** Messages of a sensor that were rejected. */
export interface RejectedMessages {
  /** Number of messages. */
  count: number;
  /** Number of messages by error code. */
  reasons: Record<string, number>;
  /** Error message of the last one. */
  last: string;
  /** Number of messages rejected since the last one that was accepted; 0 if the last one was accepted. */
  inARow?: number;
}
/** Health of one stream. */
export interface StreamHealth {
  /** Name of the stream. */
  name: string;
  /** Measured frame rate in Hz. */
  rate: number;
  /** Time since the newest frame in ms; null if unknown. */
  lag: number | null;
  /** How far the newest frame is ahead of the server's clock, in ms; absent if it is not. */
  ahead?: number;
  /**
   * How far the device's clock is ahead of the server's clock, in ms, or behind if negative; absent if the difference is at most
   * one minute, or if the device sends no times.
   */
  offset?: number;
  /** Time since frames last arrived, in ms, with a resolution of about 1 s; absent if none has arrived. */
  idle?: number;
  /** Number of received frames. */
  received: number;
  /** Number of missing frames. */
  gaps: number;
  /** Number of frames with a missing or invalid sample. */
  invalid: number;
  /** Absolute index of the next frame that the server expects. */
  next?: number;
  /** Messages of the sensor that were rejected; absent if there are none. */
  rejected?: RejectedMessages;
}
/** A learner that waits for a stream that is not connected, or that has ignored late targets. */
export interface LearnerHealth {
  /** Name of the stream that it learns on. */
  stream: string;
  /** Name of the learner. */
  learner: string;
  /** Name of the stream that it waits for: its own stream or its target; absent if they are connected. */
  waitsFor?: string;
  /** Targets that were ignored, because they arrived too late; absent if there are none. */
  late?: {
    /** Number of these targets. */
    count: number;
    /** Largest number of frames by which one of them arrived after its frame. */
    delay: number;
    /** Maximum delay that the learner accepts, in frames. */
    maxDelay: number;
  };
}
/** Whether the server records its streams. */
export interface RecordingHealth {
  /** Whether the server records streams. */
  on: boolean;
  /** Size of all recordings in bytes; absent if the server does not record. */
  bytes?: number;
  /** Why nothing is being recorded now, so that nothing becomes durable, such as 'the disk is full'; absent if all is well. */
  problem?: string;
  /** When this problem was first noticed, in ms since 1970. */
  since?: number;
}
/** Health of all streams; sent once per second. */
export interface HealthMessage {
  /** Message type. */
  type: 'health';
  /** The server's clock, in ms since 1970. */
  time?: number;
  /** Health of each stream. */
  streams: StreamHealth[];
  /** Names without a stream, because all of their messages in the last minutes were rejected; absent if there are none. */
  unopened?: {
    /** Name in the address of the device. */
    name: string;
    /** The rejected messages. */
    rejected: RejectedMessages;
  }[];
  /**
   * How long the oldest message that this viewer has not acknowledged has been on its way, in ms; absent if the viewer does not
   * acknowledge messages.
   */
  behind?: number;
  /** Learners that wait for a stream, or that have ignored late targets; absent if there are none. */
  learners?: LearnerHealth[];
  /** Whether the server records its streams; absent from servers of version 0.2. */
  recording?: RecordingHealth;
}
/** A decoded binary message. */
export type BlockMessage = {
  /** Message type. */
  type: 'block';
} & WireBlock;
/** A text message from the server to a viewer. */
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
  | HistoryMessage
  | AlarmsMessage
  | AlarmMessage
  | ErrorMessage;
/** A message from the server to a viewer. */
export type WatchMessage = WatchText | BlockMessage;

const numberOrNull = v.nullable(v.number());
const rejected = v.object({
  count: v.number(),
  reasons: v.record(v.string(), v.number()),
  last: v.string(),
  inARow: v.optional(v.number()),
});
const health = v.object({
  name: field.name,
  rate: v.number(),
  lag: numberOrNull,
  ahead: v.optional(v.number()),
  offset: v.optional(v.number()),
  idle: v.optional(v.number()),
  received: v.number(),
  gaps: v.number(),
  invalid: v.number(),
  next: v.optional(field.index),
  rejected: v.optional(rejected),
});

const learnerHealth = v.object({
  stream: field.name,
  learner: v.string(),
  waitsFor: v.optional(v.string()),
  late: v.optional(v.object({ count: field.index, delay: field.index, maxDelay: field.index })),
});

const recordingHealth = v.object({
  on: v.boolean(),
  bytes: v.optional(field.index),
  problem: v.optional(v.string()),
  since: v.optional(v.number()),
});

const schemas = new Map<string, field.Schema<WatchText>>([
  ['streams', v.object({ type: v.literal('streams'), streams: v.array(streamInfo) })],
  [
    'subscribed',
    v.object({ type: v.literal('subscribed'), id: field.id, stream: field.name, run: field.run, next: field.index }),
  ],
  ['kernels', kernelsMessage],
  ['loss', lossMessage],
  [
    'mark',
    v.object({
      type: v.literal('mark'),
      id: field.id,
      at: field.index,
      label: v.string(),
      frames: v.optional(field.count),
      time: v.optional(field.time),
      duration: v.optional(field.duration),
    }),
  ],
  ['gap', v.object({ type: v.literal('gap'), id: field.id, from: field.index, count: field.count })],
  ['run', v.object({ type: v.literal('run'), id: field.id, run: field.run, next: field.index })],
  [
    'dropped',
    v.object({ type: v.literal('dropped'), id: field.id, what: v.string(), from: field.index, count: field.count }),
  ],
  [
    'health',
    v.object({
      type: v.literal('health'),
      time: v.optional(v.number()),
      behind: v.optional(v.number()),
      streams: v.array(health),
      unopened: v.optional(v.array(v.object({ name: v.string(), rejected }))),
      learners: v.optional(v.array(learnerHealth)),
      recording: v.optional(recordingHealth),
    }),
  ],
  ['history', historyMessage],
  ['alarms', alarmsMessage],
  ['alarm', alarmMessage],
  ['error', errorMessage],
]);

/**
 * Parses a text or binary message from the server to a viewer.
 * @throws ProtocolError and no other error
 */
export function parseWatch(message: string | Uint8Array | ArrayBuffer): WatchMessage {
  if (typeof message !== 'string') return { type: 'block', ...decodeBlock(message) };
  const json = parseText(message);
  const type = typeOf(json);
  const schema = schemas.get(type);
  if (!schema)
    throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got ${show(type)}`);
  return checkMessage(schema, json, new Map());
}
