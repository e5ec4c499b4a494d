import * as v from 'valibot';
import type { TimeUnit } from '../core/blocks/time-unit.ts';
import * as field from './fields.ts';
import { checkMessage, show } from './check-message.ts';
import { correctedMessage, exampleList, samplesMessage, timesIn } from './corrected-message.ts';
import type { Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';
import type { Stamp } from './stamp.ts';
import { isTimeName, stampAmong } from './time-field.ts';

/** Frames of a sensor in any encoding; omitted fields have the expected values. */
export interface Samples {
  type: 'samples';
  /** [frames, channels]; NaN where a sample is missing. */
  data: Float32Array;
  channels: number;
  start?: number;
  /** Time of the first frame, in a unit that is to be recognized unless `timeUnit` is given. */
  time?: number;
  /** Unit of `time`, which then counts from 1970. */
  timeUnit?: TimeUnit;
  valid?: Uint8Array;
  /** Sampling rate from a third-party epoch or a binary header. */
  rate?: number;
  labels?: string[];
  /** Whether `labels` determine the channels of the samples, in any order. */
  named?: boolean;
  /** Longer names of the channels, which contain the names of nested objects. */
  paths?: string[];
  /** Warnings about ignored or doubtful content, one sentence each. */
  warnings?: string[];
}

/** Frames parsed from JSON. */
export interface Frames {
  /** [frames, channels]; NaN where a sample is missing. */
  data: Float32Array;
  channels: number;
  /** Present if a sample is missing; 0 at its frame. */
  valid?: Uint8Array;
}

/**
 * Parses `data[channel][frame]`; null = missing. Throws a ProtocolError before memory is allocated.
 * @param message the message that contains the data, for its time in a corrected message
 */
export function readColumns(data: unknown, maxChannels: number, message: Record<string, unknown> = {}): Frames {
  const time = timesIn(message);
  if (!Array.isArray(data) || data.length === 0 || !data.every(Array.isArray)) throw badShape(data, time);
  const columns = data as unknown[][];
  limitChannels(columns.length, maxChannels);
  const frames = columns[0].length;
  const ragged = columns.findIndex((column) => column.length !== frames);
  if (ragged >= 0)
    throw new ProtocolError(
      'bad-shape',
      `data[${ragged}].length must be ${frames}, the length of data[0], got ${columns[ragged].length}`,
    );
  return fill(
    columns.length,
    frames,
    (channel, frame) => columns[channel][frame],
    () => samplesMessage(columns, time),
  );
}

/** Parses one frame, `[channel]`; null = missing. */
function readFrame(data: readonly unknown[], maxChannels: number, message: Record<string, unknown> = {}): Frames {
  if (data.length === 0)
    throw new ProtocolError(
      'bad-shape',
      'message must contain one sample per channel, got an empty array; send [21.5,40] for a frame of two channels',
    );
  limitChannels(data.length, maxChannels);
  return fill(
    data.length,
    1,
    (channel) => data[channel],
    () => {
      const [time] = timesIn(message);
      return time ? `{"data": ${exampleList(data)}, "time": ${JSON.stringify(time[1])}}` : exampleList(data);
    },
  );
}

/** Describes invalid data. */
function shapeOf(data: unknown): string {
  if (!Array.isArray(data)) return show(data);
  return data.length === 0 ? 'an empty array' : 'an array with other elements';
}

function badShape(data: unknown, time: ReturnType<typeof timesIn>): ProtocolError {
  const rule = 'data must be an array with one array per channel';
  if (!Array.isArray(data) || data.length === 0 || data.some((item) => typeof item === 'object' && item !== null))
    return new ProtocolError('bad-shape', `${rule}, got ${shapeOf(data)}`);
  const oneFrame = samplesMessage(
    data.map((sample: unknown) => [sample]),
    time,
  );
  const advice = `for one frame of ${data.length} channels, send ${oneFrame}; for ${data.length} frames of one channel, send ${samplesMessage([data], time)}`;
  return new ProtocolError('bad-shape', `${rule}, got one array of samples; ${advice}`);
}

/** Throws a ProtocolError ('too-many-channels') above the limit. */
export function limitChannels(channels: number, maxChannels: number): void {
  if (channels > maxChannels)
    throw new ProtocolError('too-many-channels', `channels must be at most ${maxChannels}, got ${channels}`);
}

function fill(
  channels: number,
  frames: number,
  at: (channel: number, frame: number) => unknown,
  corrected: () => string,
): Frames {
  const data = new Float32Array(frames * channels);
  let valid: Uint8Array | undefined;
  for (let c = 0; c < channels; c++) {
    for (let t = 0; t < frames; t++) {
      const sample = at(c, t);
      if (typeof sample === 'number' && Number.isFinite(Math.fround(sample))) data[t * channels + c] = sample;
      else if (sample === null) {
        data[t * channels + c] = NaN;
        (valid ??= new Uint8Array(frames).fill(1))[t] = 0;
      } else throw badSample(c, t, sample, corrected);
    }
  }
  return valid ? { data, channels, valid } : { data, channels };
}

function badSample(channel: number, frame: number, sample: unknown, corrected: () => string): ProtocolError {
  const at = `data[${channel}][${frame}]`;
  if (typeof sample === 'number')
    return new ProtocolError(
      'not-finite',
      `${at} must be a number within the range of float32, or null, got ${sample}`,
    );
  const isText = typeof sample === 'string';
  const isNumber = isText && sample.trim() !== '' && Number.isFinite(Number(sample));
  const advice = isNumber
    ? `; send numbers without quotes: ${corrected()}`
    : isText
      ? '; send null if it is missing'
      : '';
  const got = isText ? `text ${show(sample)}` : typeof sample === 'boolean' ? String(sample) : show(sample);
  return new ProtocolError('bad-sample', `${at} must be a number or null, got ${got}${advice}`);
}

const epochInfo = v.object(
  {
    samplingRate: v.optional(field.rate),
    startTime: v.optional(v.unknown()),
    channelNames: v.optional(v.array(field.label, 'an array of labels')),
  },
  'given',
);

const codes = new Map<string, ErrorCode>([
  ['samplingRate', 'bad-rate'],
  ['channelNames', 'bad-label'],
]);

/**
 * Parses third-party formats: an array of numbers (one frame), an eeg-pipes sample `{data: [channel], timestamp}`, or an
 * eeg-pipes epoch `{data: [channel][frame], info: {samplingRate, startTime, channelNames?}}`.
 */
export function readThirdParty(json: unknown[] | Record<string, unknown>, limits: Limits): Samples {
  if (Array.isArray(json)) return { type: 'samples', ...readFrame(json, limits.maxChannels) };
  const { data, info } = json;
  const epoch = Array.isArray(data) && Array.isArray(data[0]);
  const epochFields = checkMessage(epochInfo, info ?? {}, codes);
  if (!epoch && (!Array.isArray(data) || data.length === 0))
    throw new ProtocolError(
      'bad-shape',
      `data must be an array with one sample per channel, got ${shapeOf(data)}; send ${correctedMessage(json)}`,
    );
  const frames: Frames = epoch
    ? readColumns(data, limits.maxChannels, json)
    : readFrame(data as unknown[], limits.maxChannels, json);
  const { startTime } = epochFields;
  const times = Object.entries(json).filter(([key]) => isTimeName(key));
  const stamp = stampAmong(epoch && startTime !== undefined ? [['startTime', startTime], ...times] : times);
  const labels = epochFields.channelNames?.length === frames.channels ? epochFields.channelNames : undefined;
  return {
    type: 'samples',
    ...frames,
    ...stamped(stamp),
    ...(epochFields.samplingRate === undefined ? {} : { rate: epochFields.samplingRate }),
    ...(labels ? { labels } : {}),
  };
}

/** Returns the fields of samples that a stamp determines. */
export function stamped(stamp: Stamp | undefined): Pick<Samples, 'time' | 'timeUnit' | 'warnings'> {
  if (!stamp) return {};
  const { time, timeUnit, warning } = stamp;
  return { time, ...(timeUnit && { timeUnit }), ...(warning !== undefined && { warnings: [warning] }) };
}
