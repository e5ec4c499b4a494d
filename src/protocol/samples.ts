import * as v from 'valibot';
import * as field from './fields.ts';
import { checkMessage, show } from './check-message.ts';
import type { Limits } from './limits.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

/** Frames of a sensor in any encoding; omitted fields have the expected values. */
export interface Samples {
  type: 'samples';
  /** [frames, channels]; NaN where a sample is missing. */
  data: Float32Array;
  channels: number;
  start?: number;
  time?: number;
  valid?: Uint8Array;
  /** Sampling rate from a third-party epoch or a binary header. */
  rate?: number;
  labels?: string[];
  /** Whether `labels` determine the channels of the samples, in any order. */
  named?: boolean;
}

/** Frames parsed from JSON. */
export interface Frames {
  /** [frames, channels]; NaN where a sample is missing. */
  data: Float32Array;
  channels: number;
  /** Present if a sample is missing; 0 at its frame. */
  valid?: Uint8Array;
}

/** Parses `data[channel][frame]`; null = missing. Throws a ProtocolError before memory is allocated. */
export function readColumns(data: unknown, maxChannels: number): Frames {
  if (!Array.isArray(data) || data.length === 0 || !data.every(Array.isArray))
    throw new ProtocolError('bad-shape', 'data must be a list of columns, one per channel');
  const columns = data as unknown[][];
  limitChannels(columns.length, maxChannels);
  const frames = columns[0].length;
  const ragged = columns.findIndex((column) => column.length !== frames);
  if (ragged >= 0)
    throw new ProtocolError(
      'bad-shape',
      `data[${ragged}].length must be ${frames}, the length of data[0], got ${columns[ragged].length}`,
    );
  return fill(columns.length, frames, (channel, frame) => columns[channel][frame]);
}

/** Parses one frame, `[channel]`; null = missing. */
function readFrame(data: unknown, maxChannels: number): Frames {
  if (!Array.isArray(data) || data.length === 0)
    throw new ProtocolError('bad-shape', 'data must be a list of samples, one per channel');
  limitChannels(data.length, maxChannels);
  return fill(data.length, 1, (channel) => (data as unknown[])[channel]);
}

/** Throws a ProtocolError ('too-many-channels') above the limit. */
export function limitChannels(channels: number, maxChannels: number): void {
  if (channels > maxChannels)
    throw new ProtocolError('too-many-channels', `channels must be at most ${maxChannels}, got ${channels}`);
}

function fill(channels: number, frames: number, at: (channel: number, frame: number) => unknown): Frames {
  const data = new Float32Array(frames * channels);
  let valid: Uint8Array | undefined;
  for (let c = 0; c < channels; c++) {
    for (let t = 0; t < frames; t++) {
      const sample = at(c, t);
      if (typeof sample === 'number' && Number.isFinite(Math.fround(sample))) data[t * channels + c] = sample;
      else if (sample === null) {
        data[t * channels + c] = NaN;
        (valid ??= new Uint8Array(frames).fill(1))[t] = 0;
      } else throw badSample(c, t, sample);
    }
  }
  return valid ? { data, channels, valid } : { data, channels };
}

function badSample(channel: number, frame: number, sample: unknown): ProtocolError {
  const at = `data[${channel}][${frame}]`;
  return typeof sample === 'number'
    ? new ProtocolError('not-finite', `${at} must be a number within the range of float32, or null, got ${sample}`)
    : new ProtocolError(
        'bad-sample',
        `${at} must be a number or null, got ${typeof sample === 'string' ? `text ${show(sample)}` : typeof sample}`,
      );
}

const thirdPartyMessage = v.object(
  { data: v.unknown(), timestamp: v.optional(field.time), info: v.optional(v.unknown()) },
  'given',
);
const epochInfo = v.object(
  {
    samplingRate: v.optional(field.rate),
    startTime: v.optional(field.time),
    channelNames: v.optional(v.array(field.label, 'a list of labels')),
  },
  'given',
);

const codes = new Map<string, ErrorCode>([
  ['timestamp', 'bad-time'],
  ['startTime', 'bad-time'],
  ['samplingRate', 'bad-rate'],
  ['channelNames', 'bad-label'],
]);

/**
 * Parses third-party formats: a bare list of numbers (one frame), an eeg-pipes sample `{data: [channel], timestamp}`, or an
 * eeg-pipes epoch `{data: [channel][frame], info: {samplingRate, startTime, channelNames?}}`.
 */
export function readThirdParty(json: unknown, limits: Limits): Samples {
  if (Array.isArray(json)) return { type: 'samples', ...readFrame(json, limits.maxChannels) };
  const { data, timestamp, info } = checkMessage(thirdPartyMessage, json, codes);
  const epoch = Array.isArray(data) && Array.isArray(data[0]);
  const epochFields = checkMessage(epochInfo, info ?? {}, codes);
  const frames: Frames = epoch ? readColumns(data, limits.maxChannels) : readFrame(data, limits.maxChannels);
  const time = epoch ? (epochFields.startTime ?? timestamp) : timestamp;
  const labels = epochFields.channelNames?.length === frames.channels ? epochFields.channelNames : undefined;
  return {
    type: 'samples',
    ...frames,
    ...(time === undefined ? {} : { time }),
    ...(epochFields.samplingRate === undefined ? {} : { rate: epochFields.samplingRate }),
    ...(labels ? { labels } : {}),
  };
}
