import { isRecord, show } from './check-message.ts';
import type { ChannelInfo } from './fields.ts';
import { type Limits, maxTime } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import { limitChannels, type Samples } from './samples.ts';

/** Keys of the time of a frame, in ms since 1970. */
const timeKeys: readonly string[] = ['time', 'ts', 'timestamp'];
/** Maximum length of a label. */
const maxLabel = 64;

/**
 * Parses one frame as an object that names its channels, such as `{"temperature": 21.5, "humidity": 40}`; null = missing.
 * Values can be one level deep: `{"values": {"temperature": 21.5}}` has the same channels. One of the keys `time`, `ts`, and
 * `timestamp` gives the time in ms since 1970.
 */
export function readNamed(json: Record<string, unknown>, limits: Limits): Samples {
  const timeKey = timeKeys.find((key) => Object.hasOwn(json, key));
  const named = entriesOf(json, timeKey);
  if (named.length === 0)
    throw new ProtocolError(
      'bad-message',
      'message must contain a number for each channel, such as {"temperature": 21.5}',
    );
  limitChannels(named.length, limits.maxChannels);
  const labels = named.map(([label]) => checkLabel(label));
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined)
    throw new ProtocolError('bad-label', `channels must have different names, got '${twice}' twice`);
  const data = Float32Array.from(named, ([label, value]) => sampleOf(label, value));
  const time = timeKey === undefined ? undefined : timeOf(timeKey, json[timeKey]);
  return {
    type: 'samples',
    data,
    channels: labels.length,
    labels,
    named: true,
    ...(time !== undefined && { time }),
    ...(data.some(Number.isNaN) && { valid: Uint8Array.of(0) }),
  };
}

/**
 * Returns samples that name their channels in the order of the channels of a stream; a channel without a sample is missing.
 * @throws ProtocolError 'wrong-channels' if the stream has no channel of a name
 */
export function inOrder(samples: Samples, channels: readonly ChannelInfo[]): Samples {
  const { labels = [], data } = samples;
  const unknown = labels.find((name) => channels.every(({ label }) => label !== name));
  if (unknown !== undefined) {
    const known = channels.map(({ label }) => label).join(', ');
    throw new ProtocolError('wrong-channels', `channel must be one of ${known}, got '${unknown}'`);
  }
  const ordered = Float32Array.from(channels, ({ label }) => {
    const place = labels.indexOf(label);
    return place < 0 ? NaN : data[place];
  });
  const valid = ordered.some(Number.isNaN) ? Uint8Array.of(0) : undefined;
  return { ...samples, data: ordered, channels: channels.length, labels: channels.map(({ label }) => label), valid };
}

/** Returns names and values, except text that is not a number; those of nested objects have their own names. */
function entriesOf(json: Record<string, unknown>, timeKey: string | undefined): [string, unknown][] {
  const entries = Object.entries(json).filter(([key]) => key !== timeKey);
  return entries
    .flatMap(([key, value]): [string, unknown][] => (isRecord(value) ? Object.entries(value) : [[key, value]]))
    .filter(([, value]) => typeof value !== 'string' || isNumber(value));
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function checkLabel(label: string): string {
  if (label.length >= 1 && label.length <= maxLabel) return label;
  throw new ProtocolError(
    'bad-label',
    `name of a channel must be text of 1 to ${maxLabel} characters, got ${show(label)}`,
  );
}

function sampleOf(label: string, value: unknown): number {
  if (value === null) return NaN;
  if (typeof value !== 'number')
    throw new ProtocolError(
      'bad-sample',
      `${label} must be a number or null, got ${typeof value === 'string' ? 'text ' : ''}${show(value)}`,
    );
  if (Number.isFinite(Math.fround(value))) return value;
  throw new ProtocolError('not-finite', `${label} must be a number within the range of float32, or null, got ${value}`);
}

function timeOf(key: string, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= maxTime) return value;
  throw new ProtocolError('bad-time', `${key} must be ms since 1970, up to 8.64e15, got ${show(value)}`);
}
