import * as v from 'valibot';
import { alarmMessage, alarmsMessage } from './alarm.ts';
import { decodeBlock } from './block-header.ts';
import { checkMessage, parseText, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { refusal } from './ingest-reply.ts';
import { ProtocolError } from './protocol-error.ts';
import { streamInfo } from './stream-info.ts';
import type { WatchMessage, WatchText } from './watch-message.ts';

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
