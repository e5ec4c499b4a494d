import * as v from 'valibot';
import { checkMessage, parseText, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { gap, type Gap } from './ingest.ts';
import type { Limits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** The server accepts the stream. */
export interface Welcome {
  /** Message type. */
  type: 'welcome';
  /** Version of the protocol. */
  protocol: string;
  /** Name of the stream. */
  stream: string;
  /** Number of the run that the next frame belongs to. */
  run: number;
  /** Absolute index of the next frame that the server expects. */
  next: number;
  /** Whether the server records the stream. A sensor can keep its frames until `ack` reports them as durable. Default: false. */
  recorded?: boolean;
  /**
   * Whether the server has continued the recorded run exactly after it was restarted: true, or false if it could not; absent if there
   * was nothing to continue.
   */
  recovered?: boolean;
  /** Limits of the server. */
  limits: Limits;
}
/** Acknowledges the frames of a stream. */
export interface Ack {
  /** Message type. */
  type: 'ack';
  /** Absolute index of the next frame that the server expects. Earlier frames can be discarded. */
  received: number;
  /** Frames before this index survive if the server is killed; 0: none, or the stream is not recorded. */
  durable: number;
}
/** The reason why a message was rejected. */
export interface ErrorMessage {
  /** Message type. */
  type: 'error';
  /** Error code, as listed in the protocol. A newer server may send other codes. */
  code: string;
  /** A sentence for a log or a display. */
  message: string;
  /** Id of the request that cannot be answered; absent for other messages. */
  id?: number;
}
/** Something about the stream that is probably not intended. Nothing is rejected. */
export interface WarningMessage {
  /** Message type. */
  type: 'warning';
  /** A sentence for a log or a display. */
  message: string;
}
/** A message from the server to a sensor; `gap` reports missing frames. */
export type IngestReply = Welcome | Ack | Gap | ErrorMessage | WarningMessage;

const welcome: field.Schema<Welcome> = v.object({
  type: v.literal('welcome'),
  protocol: v.string(),
  stream: field.name,
  run: field.run,
  next: field.index,
  recorded: v.optional(v.boolean()),
  recovered: v.optional(v.boolean()),
  limits: v.object({
    maxPayload: field.count,
    maxText: v.optional(field.count, 1 << 20), // servers of version 0.2 do not send it
    maxChannels: field.count,
  }),
});
const ack: field.Schema<Ack> = v.object({ type: v.literal('ack'), received: field.index, durable: field.index });
/** Schema of an error message to a sensor or viewer. */
export const errorMessage: field.Schema<ErrorMessage> = v.object({
  type: v.literal('error'),
  code: v.string(),
  message: v.string(),
  id: v.optional(field.id),
});

const warning: field.Schema<WarningMessage> = v.object({ type: v.literal('warning'), message: v.string() });

const schemas = new Map<string, field.Schema<IngestReply>>([
  ['welcome', welcome],
  ['ack', ack],
  ['gap', gap],
  ['error', errorMessage],
  ['warning', warning],
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
