import * as v from 'valibot';
import { checkMessage } from './check-message.ts';
import { type Frames, readColumns, readFrame } from './columns.ts';
import * as field from './fields.ts';
import type { Samples } from './samples.ts';
import type { Limits } from './limits.ts';
import type { ErrorCode } from './protocol-error.ts';

const outer = v.object(
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
 * Reads what others send: a bare list of numbers (one frame); an eeg-pipes sample `{data: [channel], timestamp}`; an
 * eeg-pipes epoch `{data: [channel][frame], info: {samplingRate, startTime, channelNames?}}`.
 */
export function readForeign(json: unknown, limits: Limits): Samples {
  if (Array.isArray(json)) return { type: 'samples', ...readFrame(json, limits.maxChannels) };
  const { data, timestamp, info } = checkMessage(outer, json, codes);
  const epoch = Array.isArray(data) && Array.isArray(data[0]);
  const told = checkMessage(epochInfo, info ?? {}, codes);
  const frames: Frames = epoch ? readColumns(data, limits.maxChannels) : readFrame(data, limits.maxChannels);
  const time = epoch ? (told.startTime ?? timestamp) : timestamp;
  const labels = told.channelNames?.length === frames.channels ? told.channelNames : undefined;
  return {
    type: 'samples',
    ...frames,
    ...(time === undefined ? {} : { time }),
    ...(told.samplingRate === undefined ? {} : { rate: told.samplingRate }),
    ...(labels ? { labels } : {}),
  };
}
