import * as v from 'valibot';
import { checkMessage, parseText, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { ProtocolError } from './protocol-error.ts';

/** The server will take this stream, and expects frame `next` of run `run`. */
export const welcome = v.object({
  type: v.literal('welcome'),
  protocol: v.string(),
  stream: field.name,
  run: field.run,
  next: field.index,
  limits: v.object({ maxPayload: field.count, maxChannels: field.count }),
});
/** `received`: the next index expected; `durable`: the frames before this index are recorded (0: nothing is). */
export const ack = v.object({ type: v.literal('ack'), received: field.index, durable: field.index });
/** The server saw that frames never came. */
export const hole = v.object({ type: v.literal('gap'), from: field.index, count: field.count });
/** What was wrong with a message. Codes that come later are let through, so that an old client can show them. */
export const refusal = v.object({ type: v.literal('error'), code: v.string(), message: v.string() });

export type Welcome = v.InferOutput<typeof welcome>;
export type Ack = v.InferOutput<typeof ack>;
export type Refusal = v.InferOutput<typeof refusal>;
/** Everything that a server tells a sensor. */
export type IngestReply = Welcome | Ack | v.InferOutput<typeof hole> | Refusal;

const schemas = new Map<string, v.GenericSchema<unknown, IngestReply>>([
  ['welcome', welcome],
  ['ack', ack],
  ['gap', hole],
  ['error', refusal],
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
