import { isRecord, show } from './check-message.ts';
import { exampleList, samplesMessage } from './corrected-message.ts';
import type { ChannelInfo } from './fields.ts';
import type { Limits } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';
import { limitChannels, type Samples } from './samples.ts';
import { readStamp, type Stamp } from './stamp.ts';

/** Keys of the time of a frame. */
export const timeKeys: readonly string[] = ['time', 'ts', 'timestamp'];
/** Maximum length of a label. */
const maxLabel = 64;

/**
 * Parses one frame as an object that names its channels, such as `{"temperature": 21.5, "humidity": 40}`; null = missing.
 * Values can be one level deep: `{"values": {"temperature": 21.5}}` has the same channels. One of the keys `time`, `ts`, and
 * `timestamp`, on either level, gives the time. true and false are 1 and 0, and text is ignored, with a warning.
 */
export function readNamed(json: Record<string, unknown>, limits: Limits): Samples {
  const entries = Object.entries(json).flatMap(([key, value]) =>
    isRecord(value) ? Object.entries(value) : [[key, value] as const],
  );
  const timeKey = timeKeys.find((name) => entries.some(([key]) => key === name));
  const stamp = timeKey === undefined ? undefined : stampOf(timeKey, entries);
  const others = entries.filter(([key]) => key !== timeKey);
  return namedFrame(others, stamp, limits);
}

/** Returns a frame of named values: numbers, booleans, or null; text is ignored. */
export function namedFrame(
  entries: readonly (readonly [string, unknown])[],
  stamp: Stamp | undefined,
  limits: Limits,
): Samples {
  const named = entries.filter(([, value]) => typeof value !== 'string' || isNumber(value));
  if (named.length === 0)
    throw new ProtocolError(
      'bad-message',
      'message must contain a number for each channel, such as {"temperature": 21.5}',
    );
  limitChannels(named.length, limits.maxChannels);
  const labels = named.map(([label]) => checkLabel(label));
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined)
    throw new ProtocolError('bad-label', `channels must have different labels, got '${twice}' twice`);
  const data = Float32Array.from(named, ([label, value]) => sampleOf(label, value));
  const warnings = [...warningsOf(entries), ...(stamp?.warning === undefined ? [] : [stamp.warning])];
  return {
    type: 'samples',
    data,
    channels: labels.length,
    labels,
    named: true,
    ...(stamp && { time: stamp.time }),
    ...(stamp?.timeUnit && { timeUnit: stamp.timeUnit }),
    ...(data.some(Number.isNaN) && { valid: Uint8Array.of(0) }),
    ...(warnings.length > 0 && { warnings }),
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

function stampOf(key: string, entries: readonly (readonly [string, unknown])[]): Stamp | undefined {
  const value = entries.find(([name]) => name === key)?.[1];
  return value === null || value === undefined ? undefined : readStamp(key, value);
}

function warningsOf(entries: readonly (readonly [string, unknown])[]): string[] {
  const keys = (type: string) =>
    entries.filter(([, value]) => typeof value === type && !(type === 'string' && isNumber(value as string)));
  const names = (list: ReturnType<typeof keys>) =>
    list
      .slice(0, 8)
      .map(([key]) => show(key))
      .join(', ');
  const [texts, booleans] = [keys('string'), keys('boolean')];
  return [
    ...(texts.length > 0 ? [`text is ignored: ${names(texts)}`] : []),
    ...(booleans.length > 0 ? [`true and false are read as 1 and 0: ${names(booleans)}`] : []),
  ];
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function checkLabel(label: string): string {
  if (label.length >= 1 && label.length <= maxLabel) return label;
  throw new ProtocolError(
    'bad-label',
    `label of a channel must be text of 1 to ${maxLabel} characters, got ${show(label)}`,
  );
}

function sampleOf(label: string, value: unknown): number {
  if (value === null) return NaN;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'number') throw wrongSample(label, value);
  if (Number.isFinite(Math.fround(value))) return value;
  throw new ProtocolError('not-finite', `${label} must be a number within the range of float32, or null, got ${value}`);
}

function wrongSample(label: string, value: unknown): ProtocolError {
  const text = typeof value === 'string';
  const advice = text
    ? `; send {${JSON.stringify(label)}: ${Number(value)}}, without quotes`
    : !Array.isArray(value) || value.length === 0
      ? ''
      : Array.isArray(value[0])
        ? `; for frames, send ${samplesMessage(value)}, with one array per channel`
        : `; for one frame with a number for each channel, send ${exampleList(value)}`;
  const got = `${text ? 'text ' : ''}${show(value)}`;
  return new ProtocolError('bad-sample', `${label} must be a number or null, got ${got}${advice}`);
}
