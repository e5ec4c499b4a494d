import * as v from 'valibot';
import { checkMessage, parseText, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { gap, type Gap } from './ingest.ts';
import type { Limits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** The server accepts the stream and expects frame `next` of run `run`. */
export interface Welcome {
  type: 'welcome';
  protocol: string;
  stream: string;
  run: number;
  next: number;
  limits: Limits;
}
/** Acknowledgment. `received`: next index expected; `durable`: frames before this index are recorded (0: none). */
export interface Ack {
  type: 'ack';
  received: number;
  durable: number;
}
/** The reason why a message was rejected. */
export interface ErrorMessage {
  type: 'error';
  /** One of `errorCodes`; codes of later versions are accepted, so that an old client can display them. */
  code: string;
  message: string;
}
/** A message from the server to a sensor; `gap` reports missing frames. */
export type IngestReply = Welcome | Ack | Gap | ErrorMessage;

const welcome: field.Schema<Welcome> = v.object({
  type: v.literal('welcome'),
  protocol: v.string(),
  stream: field.name,
  run: field.run,
  next: field.index,
  limits: v.object({ maxPayload: field.count, maxChannels: field.count }),
});
const ack: field.Schema<Ack> = v.object({ type: v.literal('ack'), received: field.index, durable: field.index });
/** Schema of an error message to a sensor or viewer. */
export const errorMessage: field.Schema<ErrorMessage> = v.object({
  type: v.literal('error'),
  code: v.string(),
  message: v.string(),
});

const schemas = new Map<string, field.Schema<IngestReply>>([
  ['welcome', welcome],
  ['ack', ack],
  ['gap', gap],
  ['error', errorMessage],
]);

/**
 * Parses a message from the server to a sensor.
 * @throws ProtocolError and no other error
 */
export function parseIngestReply(message: string | Uint8Array | ArrayBuffer): IngestReply {
  if (typeof message !== 'string') throw new ProtocolError('binary-refused', 'message must be text, got bytes');
  const json = parseText(message);
  const type = typeOf(json);
  const schema = schemas.get(type);
  if (!schema)
    throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got ${show(type)}`);
  return checkMessage(schema, json, new Map());
}
