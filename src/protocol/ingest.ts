import { limitChannels, readColumns, readThirdParty, type Samples } from './samples.ts';
import { readNamed } from './named-samples.ts';
import * as v from 'valibot';
import { decodeBlock } from './block-header.ts';
import { checkMessage, isRecord, parseText, show, typeOf } from './check-message.ts';
import * as field from './fields.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

const channels = v.union(
  [
    v.pipe(v.number(), v.integer(), v.minValue(1)),
    v.array(v.string()),
    v.array(v.object({ label: v.string(), unit: v.optional(v.string()) })),
  ],
  'a number >= 1, a list of labels, or a list of {label, unit?}',
);

const hello = v.object(
  {
    type: v.literal('hello'),
    channels: v.optional(channels),
    rate: v.optional(field.rate),
    kind: v.optional(field.label),
    for: v.optional(field.name),
    fresh: v.optional(v.boolean('true or false')),
    run: v.optional(field.run),
  },
  'given',
);
const samples = v.object(
  {
    type: v.literal('samples'),
    start: v.optional(field.index),
    time: v.optional(field.time),
    data: v.unknown(),
  },
  'given',
);
/** Stricter range of the rate in the header of a sensor's block: derived blocks may have a lower rate. */
const sensorRate = v.object({ rate: field.rate });
/** Description of a sensor; omitted fields are those of the address or of the stream before. */
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
  /** The run that the sensor continues; a server that does not know the stream starts with this number. */
  run?: number;
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
  /** Absolute index of the first frame. */
  at: number;
  /** Text of the event, 1 to 64 characters. */
  label: string;
  /** Duration in frames; absent for an instant. */
  frames?: number;
}
/** A message from a sensor. */
export type IngestMessage = Hello | Samples | Gap | Mark;

/** Schema of a gap, which both sides send. */
export const gap: field.Schema<Gap> = v.object(
  { type: v.literal('gap'), from: field.index, count: field.count },
  'given',
);
const mark: field.Schema<Mark> = v.object(
  { type: v.literal('mark'), at: field.index, label: field.label, frames: v.optional(field.count) },
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
  ['time', 'bad-time'],
  ['data', 'bad-shape'],
]);

/**
 * Parses a text or binary message of a sensor.
 * @throws ProtocolError and no other error
 */
export function parseIngest(message: string | Uint8Array | ArrayBuffer, limits: Limits = defaultLimits): IngestMessage {
  if (typeof message !== 'string') return fromBinary(message, limits);
  const json = parseText(message);
  if (Array.isArray(json) || (isRecord(json) && !Object.hasOwn(json, 'type') && Object.hasOwn(json, 'data')))
    return readThirdParty(json, limits);
  if (isRecord(json) && !Object.hasOwn(json, 'type')) return readNamed(json, limits);
  const type = typeOf(json);
  if (type === 'samples') {
    const { data, ...rest } = checkMessage(samples, json, codes);
    return checkSamplesEnd({ ...rest, ...readColumns(data, limits.maxChannels) });
  }
  if (type === 'hello') {
    const { channels, ...rest } = checkMessage(hello, json, codes);
    if (channels === undefined) return rest;
    const list = readChannels(channels, limits.maxChannels);
    return { ...rest, channels: list, ...(typeof channels === 'number' && { unlabeled: true }) };
  }
  if (type === 'gap') return checkGapEnd(checkMessage(gap, json, codes));
  if (type === 'mark') return checkMessage(mark, json, codes);
  throw new ProtocolError(
    'unknown-type',
    `type must be one of hello, samples, gap, mark, got ${show(type)}; for samples, send ${example}`,
  );
}

/** Example of a message with samples, for error messages. */
const example = '{"type": "samples", "data": [[1, 2, 3]]}, one list per channel';

/** Returns channels with labels and units from any accepted notation. */
export function readChannels(
  notation: number | readonly (string | { label: string; unit?: string })[],
  maxChannels: number,
  unit = '',
): field.ChannelInfo[] {
  limitChannels(typeof notation === 'number' ? notation : notation.length, maxChannels);
  const list =
    typeof notation === 'number' ? Array.from({ length: notation }, (_, channel) => `ch${channel + 1}`) : notation;
  if (list.length === 0) throw new ProtocolError('bad-channels', 'channels must be at least one, got none');
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
  const { kind, block } = decodeBlock(message);
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

function checkSamplesEnd(message: Samples): Samples {
  const { start = 0, data, channels } = message;
  if (Number.isSafeInteger(start + data.length / channels)) return message;
  throw new ProtocolError('bad-index', `start + frames must be at most 2^53 - 1, got start ${start}`);
}

function checkGapEnd(message: Gap): Gap {
  if (Number.isSafeInteger(message.from + message.count)) return message;
  throw new ProtocolError('bad-index', `from + count must be at most 2^53 - 1, got from ${message.from}`);
}
