import type { TimeUnit } from '../core/blocks/time-unit.ts';
import { finish, mapInSlices, type Slices } from '../core/slices.ts';
import { limitChannels, readColumns, readThirdParty, type Samples, stamped } from './samples.ts';
import { readNamed, wrongStructure } from './named-samples.ts';
import * as v from 'valibot';
import { decodeBlock } from './block-header.ts';
import { correctedMark, correctedMessage, exampleList, hasChannels, samplesMessage } from './corrected-message.ts';
import { numbered } from './numbered.ts';
import { messageList } from './message-list.ts';
import { timeOf } from './time-field.ts';
import { checkMessage, isRecord, parseText, parseTextInSlices, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

const channels = v.union(
  [
    v.pipe(v.number(), v.integer(), v.minValue(1)),
    v.array(v.string()),
    v.array(v.object({ label: v.string(), unit: v.optional(v.string()) })),
  ],
  'an integer >= 1, an array of labels, or an array of {label, unit?}',
);

const clockRule = "'monotonic' or 'epoch'";
/** The clock of a sensor. */
export const clock: field.Schema<ClockKind> = v.picklist(['monotonic', 'epoch'], clockRule);

const hello = v.object(
  {
    type: v.literal('hello'),
    channels: v.optional(channels),
    rate: v.optional(field.rate),
    kind: v.optional(field.label),
    for: v.optional(field.name),
    fresh: v.optional(v.boolean('true or false')),
    run: v.optional(field.run),
    clock: v.optional(clock),
  },
  'given',
);
const samples = v.object(
  {
    type: v.literal('samples'),
    start: v.optional(field.index),
    data: v.optional(v.unknown()),
  },
  'given',
);
/** Stricter range of the rate in the header of a sensor's block: derived blocks may have a lower rate. */
const sensorRate = v.object({ rate: field.rate });
/** Clock of a sensor: 'epoch' counts from 1970, 'monotonic' from an arbitrary time, such as the start of the device. */
export type ClockKind = 'monotonic' | 'epoch';
/** Description of a sensor; omitted fields keep the values of the address or of the previous description. */
export interface Hello {
  type: 'hello';
  channels?: field.ChannelInfo[];
  /** Whether the channels were given as a number, without labels. */
  unlabeled?: boolean;
  rate?: number;
  kind?: string;
  /** The stream that this stream is the target of. */
  for?: string;
  /** Start a new run: the sensor numbers its frames from 0 again. */
  fresh?: boolean;
  /** The run that the sensor continues. A server without this stream starts with this number. */
  run?: number;
  /** Clock of the times that the sensor sends. Default: recognized by their size. */
  clock?: ClockKind;
  /** Warnings about ignored fields, one sentence each. */
  warnings?: string[];
}
/** Missing frames. */
export interface Gap {
  /** Message type. */
  type: 'gap';
  /** Absolute index of the first missing frame. */
  from: number;
  /** Number of missing frames, >= 1. */
  count: number;
}
/** An event of a stream. */
export interface Mark {
  /** Message type. */
  type: 'mark';
  /** Absolute index of the first frame. Default: the frame at `time`; without either, the next frame. */
  at?: number;
  /** Text of the event, 1 to 64 characters. */
  label: string;
  /** Duration in frames; absent for an instant. */
  frames?: number;
  /** Time of the event, in `timeUnit`; not rounded to a frame. */
  time?: number;
  /** Unit of `time`, if it is known to count from 1970. Default: recognized by the clock of the sensor. */
  timeUnit?: TimeUnit;
  /** Warnings about ignored fields, one sentence each. */
  warnings?: readonly string[];
  /** Duration in ms; not rounded to frames. */
  duration?: number;
}
/** A message from a sensor. */
export type IngestMessage = Hello | Samples | Gap | Mark;

/** Schema of a gap, which both sides send. */
export const gap: field.Schema<Gap> = v.object(
  { type: v.literal('gap'), from: field.index, count: field.count },
  'given',
);
const mark = v.object(
  {
    type: v.literal('mark'),
    at: v.optional(field.index),
    label: field.label,
    frames: v.optional(field.count),
    duration: v.optional(field.duration),
  },
  'given',
);

const codes = new Map<string, ErrorCode>([
  ['channels', 'bad-channels'],
  ['rate', 'bad-rate'],
  ['kind', 'bad-label'],
  ['label', 'bad-label'],
  ['for', 'bad-name'],
  ['fresh', 'bad-fresh'],
  ['run', 'bad-run'],
  ['start', 'bad-index'],
  ['from', 'bad-index'],
  ['at', 'bad-index'],
  ['count', 'bad-count'],
  ['frames', 'bad-count'],
  ['duration', 'bad-time'],
  ['clock', 'bad-clock'],
  ['data', 'bad-shape'],
]);

/**
 * Parses a text or binary message of a sensor that contains one message.
 * @throws ProtocolError and no other error
 */
export function parseIngest(message: string | Uint8Array | ArrayBuffer, limits: Limits = defaultLimits): IngestMessage {
  return typeof message === 'string' ? readIngest(parseText(message), limits) : fromBinary(message, limits);
}

/**
 * Parses a text or binary message of a sensor. A JSON array of messages, such as `[{"temperature": 21}, {"temperature": 22}]`
 * or `[[21, 40], [22, 41]]`, is several messages.
 * @throws ProtocolError and no other error
 */
export function parseIngestList(
  message: string | Uint8Array | ArrayBuffer,
  limits: Limits = defaultLimits,
): IngestMessage[] {
  return finish(parseIngestInSlices(message, limits));
}

/** `parseIngestList` in slices. */
export function* parseIngestInSlices(
  message: string | Uint8Array | ArrayBuffer,
  limits: Limits = defaultLimits,
): Slices<IngestMessage[]> {
  if (typeof message !== 'string') return [fromBinary(message, limits)];
  return yield* readIngestList(yield* parseTextInSlices(message), limits);
}

/** Cost of reading one of many messages in ns. */
const messageCost = 5000;

/**
 * Reads one message, or an array of messages, from JSON, in slices.
 * @throws ProtocolError that contains the position of the invalid message
 */
export function* readIngestList(json: unknown, limits: Limits): Slices<IngestMessage[]> {
  const list = messageList(json);
  if (!list) return [readIngest(json, limits)];
  const { items, ignored } = list;
  const read = (item: unknown, at: number) =>
    numbered(
      () => `message ${at + 1} of ${items.length}`,
      () => readIngest(item, limits),
    );
  const messages = yield* mapInSlices(items, messageCost, read);
  const [first] = messages;
  if (ignored.length > 0 && first.type === 'samples')
    first.warnings = [`fields beside the list are ignored: ${ignored.slice(0, 8).map(show).join(', ')}`];
  return messages;
}

function readIngest(json: unknown, limits: Limits): IngestMessage {
  if (Array.isArray(json)) return readThirdParty(json, limits);
  if (!isRecord(json)) throw notAnObject(json);
  if (!Object.hasOwn(json, 'type')) return readUntyped(json, limits);
  const type = typeOf(json);
  if (type === 'samples') return readSamples(json, limits);
  if (type === 'hello') return readHello(json, limits);
  if (type === 'gap') return checkGapEnd(checkMessage(gap, json, codes));
  if (type === 'mark') return readMark(json);
  const advice = isEvent(json)
    ? `for an event, send ${correctedMark({ ...json, type: 'mark' })}`
    : `for samples, send ${correctedMessage(json)}`;
  throw new ProtocolError(
    'unknown-type',
    `type must be one of hello, samples, gap, mark, got ${show(type)}; ${advice}`,
  );
}

/** Whether an object of an unknown type is probably an event. */
function isEvent(json: Record<string, unknown>): boolean {
  const hasText = correctedMark({ ...json, type: 'mark' }) !== undefined;
  const isNamed = /mark|event|annotation|trigger/i.test(String(json.type));
  return !Object.hasOwn(json, 'data') && hasText && (isNamed || !hasChannels(json));
}

function readUntyped(json: Record<string, unknown>, limits: Limits): Samples {
  if (!Object.hasOwn(json, 'data') || isRecord(json.data)) return readNamed(json, limits);
  if (Array.isArray(json.data) && json.data.some(isRecord)) throw wrongStructure(['data', json.data], json);
  return readThirdParty(typeof json.data === 'number' ? { ...json, data: [json.data] } : json, limits);
}

function readSamples(json: Record<string, unknown>, limits: Limits): Samples {
  const { data, ...rest } = checkMessage(samples, json, codes);
  if (!Array.isArray(data)) {
    const got = data === undefined ? 'no data' : show(data);
    throw new ProtocolError(
      'bad-shape',
      `data must be an array with one array per channel, got ${got}; send ${correctedMessage(json)}`,
    );
  }
  return checkSamplesEnd({ ...rest, ...readColumns(data, limits.maxChannels, json), ...stamped(timeOf(json)) });
}

function readHello(json: Record<string, unknown>, limits: Limits): Hello {
  const { channels, ...fields } = checkMessage(hello, json, codes);
  const warnings = unknownFields(json);
  const rest = warnings.length === 0 ? fields : { ...fields, warnings };
  if (channels === undefined) return rest;
  const list = readChannels(channels, limits.maxChannels);
  return { ...rest, channels: list, ...(typeof channels === 'number' && { unlabeled: true }) };
}

function readMark(json: Record<string, unknown>): Mark {
  const corrected = Object.hasOwn(json, 'label') ? undefined : correctedMark(json);
  if (corrected !== undefined)
    throw new ProtocolError('bad-label', `label of a mark must be given, got no label; send ${corrected}`);
  const fields = checkMessage(mark, json, codes);
  return { ...fields, ...stamped(timeOf(json)) };
}

/** Returns a sentence for each unknown field of a hello. */
function unknownFields(json: Record<string, unknown>): string[] {
  const known = Object.keys(hello.entries);
  const unknown = Object.keys(json).filter((key) => !known.includes(key));
  const list = known.filter((key) => key !== 'type').join(', ');
  return unknown
    .slice(0, 8)
    .map((key) => `field ${show(key)} of hello is unknown and is ignored; the known fields are ${list}`);
}

function notAnObject(json: unknown): ProtocolError {
  const advice =
    typeof json === 'number' || typeof json === 'string'
      ? `; for a frame of one channel, send ${exampleList([json])} or ${samplesMessage([[json]])}`
      : '';
  return new ProtocolError(
    'bad-message',
    `message must be a JSON object or an array of numbers, got ${typeof json === 'number' ? 'a number, ' : ''}${show(json)}${advice}`,
  );
}

/** Returns channels with labels and units from any accepted notation. */
export function readChannels(
  notation: number | readonly (string | { label: string; unit?: string })[],
  maxChannels: number,
  unit = '',
): field.ChannelInfo[] {
  limitChannels(typeof notation === 'number' ? notation : notation.length, maxChannels);
  const list =
    typeof notation === 'number' ? Array.from({ length: notation }, (_, channel) => `ch${channel + 1}`) : notation;
  if (list.length === 0)
    throw new ProtocolError('bad-channels', 'channels must contain at least one channel, got none');
  return list.map((item) =>
    checkMessage(
      field.channel,
      typeof item === 'string' ? { label: item, unit } : { label: item.label, unit: item.unit ?? unit },
      labelCodes,
    ),
  );
}

const labelCodes = new Map<string, ErrorCode>([
  ['label', 'bad-label'],
  ['unit', 'bad-label'],
]);

function fromBinary(message: Uint8Array | ArrayBuffer, limits: Limits): Samples {
  const bytes = message instanceof Uint8Array ? message : new Uint8Array(message);
  if (looksLikeJson(bytes))
    throw new ProtocolError('bad-block', 'binary message must be a header and a block, got JSON; send JSON as text');
  const { kind, block } = decodeBlock(bytes);
  if (kind !== 'samples') throw new ProtocolError('bad-kind', `kind must be 0 (samples) on ingest, got ${kind}`);
  limitChannels(block.channels, limits.maxChannels);
  const { data, channels, start, time, valid } = block;
  const { rate } = checkMessage(sensorRate, block, codes);
  return {
    type: 'samples',
    data,
    channels,
    start,
    ...(time === 0 ? {} : { time }),
    ...(rate === 0 ? {} : { rate }),
    ...(valid ? { valid } : {}),
  };
}

/** Whether bytes start like a JSON object or array, perhaps after a byte order mark or spaces. */
function looksLikeJson(bytes: Uint8Array): boolean {
  return /^\ufeff?\s*[[{]/.test(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, 16)));
}

function checkSamplesEnd(message: Samples): Samples {
  const { start = 0, data, channels } = message;
  if (Number.isSafeInteger(start + data.length / channels)) return message;
  throw new ProtocolError('bad-index', `start + frames must be at most 2^53 - 1, got start ${start}`);
}

function checkGapEnd(message: Gap): Gap {
  if (Number.isSafeInteger(message.from + message.count)) return message;
  throw new ProtocolError('bad-index', `from + count must be at most 2^53 - 1, got from ${message.from}`);
}
