import * as v from 'valibot';
import { decodeBlock, type WireBlock } from './block-header.ts';
import { checkMessage, parseText, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { refusal } from './ingest-reply.ts';
import { ProtocolError } from './protocol-error.ts';
import { streamInfo } from './stream-info.ts';

const known = v.nullable(v.number());

const streams = v.object({ type: v.literal('streams'), streams: v.array(streamInfo) });
const subscribed = v.object({
  type: v.literal('subscribed'),
  id: field.id,
  stream: field.name,
  run: field.run,
  next: field.index,
});
const kernels = v.object({
  type: v.literal('kernels'),
  id: field.id,
  learner: field.place,
  at: field.index,
  /** [out, taps, in] */
  shape: v.tuple([v.number(), v.number(), v.number()]),
  data: v.array(v.number()),
  /** The first weights; with the first message only. */
  start: v.optional(v.array(v.number())),
});
const loss = v.object({
  type: v.literal('loss'),
  id: field.id,
  learner: field.place,
  at: field.index,
  nmse: known,
  skill: known,
  persistence: known,
  rms: known,
});
const mark = v.object({
  type: v.literal('mark'),
  id: field.id,
  at: field.index,
  label: v.string(),
  frames: v.optional(field.count),
});
const gap = v.object({ type: v.literal('gap'), id: field.id, from: field.index, count: field.count });
const run = v.object({ type: v.literal('run'), id: field.id, run: field.run, next: field.index });
const dropped = v.object({
  type: v.literal('dropped'),
  id: field.id,
  what: v.string(),
  from: field.index,
  count: field.count,
});
const health = v.object({
  type: v.literal('health'),
  streams: v.array(
    v.object({
      name: field.name,
      /** Measured, in Hz. */
      rate: v.number(),
      /** Now minus the time of the newest frame, in ms. */
      lag: known,
      received: v.number(),
      gaps: v.number(),
      invalid: v.number(),
    }),
  ),
});

export type StreamsMessage = v.InferOutput<typeof streams>;
export type SubscribedMessage = v.InferOutput<typeof subscribed>;
export type KernelsMessage = v.InferOutput<typeof kernels>;
export type LossMessage = v.InferOutput<typeof loss>;
export type MarkMessage = v.InferOutput<typeof mark>;
export type GapMessage = v.InferOutput<typeof gap>;
export type RunMessage = v.InferOutput<typeof run>;
export type DroppedMessage = v.InferOutput<typeof dropped>;
export type HealthMessage = v.InferOutput<typeof health>;
export type ErrorMessage = v.InferOutput<typeof refusal>;
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
  | ErrorMessage;
/** Everything that a server sends a viewer. */
export type WatchMessage = WatchText | BlockMessage;

const schemas = new Map<string, v.GenericSchema<unknown, WatchText>>([
  ['streams', streams],
  ['subscribed', subscribed],
  ['kernels', kernels],
  ['loss', loss],
  ['mark', mark],
  ['gap', gap],
  ['run', run],
  ['dropped', dropped],
  ['health', health],
  ['error', refusal],
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
