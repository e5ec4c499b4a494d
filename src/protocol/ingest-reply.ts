import * as v from 'valibot';
import { checkMessage, parseText, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { gap, type Gap } from './ingest.ts';
import type { Limits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** The server will take this stream, and expects frame `next` of run `run`. */
export interface Welcome {
  type: 'welcome';
  protocol: string;
  stream: string;
  run: number;
  next: number;
  limits: Limits;
}
/** `received`: the next index expected; `durable`: the frames before this index are recorded (0: nothing is). */
export interface Ack {
  type: 'ack';
  received: number;
  durable: number;
}
/** What was wrong with a message. */
export interface ErrorMessage {
  type: 'error';
  /** One of `errorCodes`; codes that come later are let through, so that an old client can show them. */
  code: string;
  message: string;
}
/** Everything that a server tells a sensor; a gap: the server saw that frames never came. */
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
/** The schema of a refusal; viewers get the same. */
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

/** Reads one message of the server to a sensor. Throws a ProtocolError and nothing else. */
export function parseIngestReply(message: string | Uint8Array | ArrayBuffer): IngestReply {
  if (typeof message !== 'string') throw new ProtocolError('binary-refused', 'message must be text, got bytes');
  const json = parseText(message);
  const schema = schemas.get(typeOf(json));
  if (!schema)
    throw new ProtocolError('unknown-type', `type must be one of ${[...schemas.keys()].join(', ')}, got another`);
  return checkMessage(schema, json, new Map());
}
