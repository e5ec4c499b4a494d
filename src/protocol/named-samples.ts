import { epochUnit } from '../core/blocks/time-unit.ts';
import { readIsoTime } from '../core/blocks/iso-time.ts';
import { validity } from './channel-order.ts';
import { isRecord, show } from './check-message.ts';
import { correctedArrays, correctedMark, correctedMessage } from './corrected-message.ts';
import type { Limits } from './limits.ts';
import { type NamedValue, namedValues } from './named-entries.ts';
import { cut, ProtocolError } from './protocol-error.ts';
import { limitChannels, type Samples } from './samples.ts';
import type { Stamp } from './stamp.ts';
import { stampAmong } from './time-field.ts';

export { inOrder } from './channel-order.ts';

/** Maximum length of a label. */
const maxLabel = 64;
/** Names of numbers in text that identify a device and are no samples. */
const identifiers: readonly RegExp[] = [
  /(^|[^a-z])u?id$/i,
  /[a-z\d]I[dD]$/,
  /^(uuid|guid|mac|serial|serialnumber|sn|imei|eui|key|token|api_?key)$/i,
];
/** The latest number that looks like a time since 1970, in ms: 2100-01-01. */
const latestTime = 4_102_444_800_000;

/**
 * Parses one frame as an object that names its channels, such as `{"temperature": 21.5, "humidity": 40}`; null = missing.
 * Values can be one level deep, see `namedValues`. A field such as `time`, `ts`, or `timestamp`, on either level, is the time.
 * true and false are 1 and 0, and text is ignored, with a warning.
 */
export function readNamed(json: Record<string, unknown>, limits: Limits): Samples {
  const { values, times } = namedValues(json);
  const stamp = stampAmong(times);
  const wrong = values.find(([, value]) => typeof value === 'object' && value !== null);
  if (wrong) throw wrongStructure(wrong, json);
  const text = values.find((entry) => isSample(entry) && typeof entry[1] === 'string');
  if (text)
    throw textSample(
      text,
      correctedMessage(
        Object.fromEntries<unknown>([...times, ...values.map(([name, value]) => [name, value] as const)]),
      ),
    );
  if (!values.some(isSample)) throw withoutNumbers(correctedMark(json));
  return namedFrame(values, stamp, limits);
}

/** Returns a frame of named values: numbers, booleans, or null; text is ignored. */
export function namedFrame(entries: readonly NamedValue[], stamp: Stamp | undefined, limits: Limits): Samples {
  const named = entries.filter(isSample);
  if (named.length === 0) throw withoutNumbers();
  limitChannels(named.length, limits.maxChannels);
  const labels = checkedLabels(named.map(([label]) => label));
  const paths = named.some(([, , path]) => path !== undefined) && named.map(([label, , path = label]) => path);
  const data = Float32Array.from(named, ([label, value]) => sampleOf(label, value));
  const warnings = [...warningsOf(entries), ...(stamp?.warning === undefined ? [] : [stamp.warning])];
  const valid = validity(data, 1);
  return {
    type: 'samples',
    data,
    channels: labels.length,
    labels,
    named: true,
    ...(paths && { paths }),
    ...(stamp && { time: stamp.time }),
    ...(stamp?.timeUnit && { timeUnit: stamp.timeUnit }),
    ...(valid && { valid }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/** Returns labels of channels. Throws a ProtocolError ('bad-label') if one is invalid, or two are equal. */
export function checkedLabels(labels: readonly string[]): string[] {
  const known = new Set<string>();
  for (const label of labels) {
    if (label.length < 1 || label.length > maxLabel)
      throw new ProtocolError(
        'bad-label',
        `label of a channel must be text of 1 to ${maxLabel} characters, got ${show(label)}`,
      );
    if (known.has(label))
      throw new ProtocolError('bad-label', `channels must have different labels, got ${show(label)} twice`);
    known.add(label);
  }
  return [...labels];
}

/** Returns a warning if values of channels look like times. */
export function timeWarning(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return `values that look like times since 1970 are not used as times: ${listed(names)}; name the time of the frame time, ts, or timestamp`;
}

/** Whether a value looks like a time since 1970, which float32 cannot represent. */
export function looksLikeTime(value: unknown): boolean {
  if (typeof value === 'number') return value >= 9e8 && epochUnit(value, latestTime) !== undefined;
  return typeof value === 'string' && value.length > 10 && value.length < 40 && readIsoTime(value) !== undefined;
}

function withoutNumbers(mark?: string): ProtocolError {
  const event = mark === undefined ? '' : `; for an event, send ${mark}`;
  return new ProtocolError(
    'bad-message',
    `message must contain a number for each channel, such as {"temperature": 21.5}${event}`,
  );
}

function isSample([name, value]: NamedValue): boolean {
  return typeof value !== 'string' || (isNumber(value) && !identifiers.some((pattern) => pattern.test(name)));
}

function warningsOf(entries: readonly NamedValue[]): string[] {
  const names = (matches: (entry: NamedValue) => boolean) => entries.filter(matches).map(([name]) => name);
  const texts = names((entry) => !isSample(entry));
  const booleans = names(([, value]) => typeof value === 'boolean');
  const time = timeWarning(names(([, value]) => looksLikeTime(value)));
  return [
    ...(texts.length > 0 ? [`text is ignored: ${listed(texts)}`] : []),
    ...(booleans.length > 0 ? [`true and false are read as 1 and 0: ${listed(booleans)}`] : []),
    ...(time === undefined ? [] : [time]),
  ];
}

function listed(names: readonly string[]): string {
  return names.slice(0, 8).map(show).join(', ');
}

function isNumber(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function sampleOf(label: string, value: unknown): number {
  if (value === null) return NaN;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') throw textSample([label, value], JSON.stringify({ [label]: Number(value) }));
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
  throw new ProtocolError(
    'not-finite',
    `${label} must be a number within the range of float32, or null, got ${show(value)}`,
  );
}

function textSample([name, value]: NamedValue, corrected: string): ProtocolError {
  return new ProtocolError(
    'bad-sample',
    `${cut(name)} must be a number or null, got text ${show(value)}; send numbers without quotes: ${corrected}`,
  );
}

/** The reason why the value of a channel cannot be an array or an object, with a corrected message. */
export function wrongStructure([name, value, path = name]: NamedValue, json: Record<string, unknown>): ProtocolError {
  const rule = `${cut(path)} must be a number or null, got`;
  const times = Object.fromEntries(namedValues(json).times);
  if (isRecord(value)) {
    const corrected = correctedMessage({ ...times, ...value });
    return new ProtocolError('bad-sample', `${rule} an object; nest values at most one level deep: send ${corrected}`);
  }
  const array = value as unknown[];
  if (array.length === 0) return new ProtocolError('bad-sample', `${rule} an empty array`);
  if (array.some(isRecord)) {
    const frames = array.filter(isRecord).slice(0, 2).map(correctedMessage);
    return new ProtocolError(
      'bad-sample',
      `${rule} an array of objects; send a list of frames: [${frames.join(', ')}]`,
    );
  }
  const parent = Object.values(json).find((inner) => isRecord(inner) && Object.values(inner).includes(value));
  const advice = correctedArrays(isRecord(parent) ? { ...times, ...parent } : json, cut(name), array);
  return new ProtocolError('bad-sample', `${rule} an array; ${advice}`);
}
