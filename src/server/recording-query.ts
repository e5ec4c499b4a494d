import { setImmediate } from 'node:timers/promises';
import { maxTime } from '../protocol/limits.ts';
import {
  type ChannelOverview,
  type HistoryRequest,
  maxHistoryPoints,
  type RunOverview,
  type StreamHistory,
} from '../protocol/history-message.ts';
import type { RecordingHealth } from '../protocol/watch-message.ts';
import type { Overview, OverviewRun } from '../store/overview.ts';
import type { StreamStatus } from '../store/recorder.ts';
import { invalidTime, type Query, readTime } from './history-query.ts';
import type { Recordings } from './recordings.ts';
import type { StreamRegistry } from './stream-registry.ts';
import { storageReason } from '../store/storage-reason.ts';

const defaultPoints = 1000;
/** Maximum number of columns × channels of an answer. */
const maxValues = 32_768;
/** Number of queries that are answered at the same time, and that wait. */
const maxActive = 2;
const maxWaiting = 32;

/** Response to `GET /recordings`. */
export interface RecordingStatus extends RecordingHealth {
  streams: StreamStatus[];
}

/** Why a query has no answer, as a sentence, and its HTTP status. */
export interface RecordingQueryError {
  error: string;
  status: 400 | 404 | 503;
}

/** Returns the recorded streams, with their sizes, their oldest frames, and what is durable. */
export function recordingStatus(recordings: Recordings | undefined): RecordingStatus {
  if (!recordings) return { on: false, streams: [] };
  const { bytes, streams } = recordings.recorder.status();
  return { ...recordings.health, bytes, streams: [...streams] };
}

/** Response to `DELETE /recordings/<stream>`. */
export interface ErasedRecording {
  /** Name of the stream of which everything recorded before the request was deleted. */
  erased: string;
}

/** Deletes what was recorded of a stream. A live stream continues in a new recording. */
export async function eraseRecording(
  registry: Pick<StreamRegistry, 'eraseRecording' | 'log'>,
  stream: string,
): Promise<ErasedRecording | { error: string; status: 404 | 500 }> {
  try {
    if (!(await registry.eraseRecording(stream))) return { error: notRecorded(stream), status: 404 };
  } catch (error) {
    const sentence = `could not erase the recording: ${storageReason(error)}`;
    registry.log(`stream ${stream}: ${sentence}`);
    return { error: sentence, status: 500 };
  }
  registry.log(`stream ${stream}: its recording was erased`);
  return { erased: stream };
}

function notRecorded(stream: string): string {
  return `stream must be a recorded stream, got '${stream.slice(0, 64)}'`;
}

/** A time span in ms since 1970, by default everything, and the maximum number of columns. */
type Span = Pick<HistoryRequest, 'from' | 'to' | 'points'>;

/** Returns what was recorded of a stream, as `readHistory`, for the query parameters of a request. */
export async function queryRecording(
  recordings: Recordings | undefined,
  stream: string,
  query: Query,
): Promise<StreamHistory | RecordingQueryError> {
  const span = readSpan(query);
  return typeof span === 'string' ? { error: span, status: 400 } : readHistory(recordings, stream, span);
}

let active = 0;
const waiting: (() => void)[] = [];

/**
 * Returns what was recorded of a stream from time `from` to before `to`, in at most `points` columns. Work and size are bounded:
 * there are fewer columns if the stream has more than 16 channels, and few queries are answered at the same time.
 */
export async function readHistory(
  recordings: Recordings | undefined,
  stream: string,
  span: Span,
): Promise<StreamHistory | RecordingQueryError> {
  if (active >= maxActive) {
    if (waiting.length >= maxWaiting) return { error: 'Too many queries. Try again later.', status: 503 };
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else active++;
  try {
    if (!recordings?.recorder.streams.includes(stream)) return { error: notRecorded(stream), status: 404 };
    return await read(recordings, stream, span);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else active--;
  }
}

const parameters = ['from', 'to', 'points'];

/** Reads the query parameters; returns a sentence if one is invalid. */
function readSpan(query: Query): Span | string {
  const unknown = Object.keys(query).find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    return `query parameters must be among ${parameters.join(', ')}, got '${unknown.slice(0, 40)}'`;
  const from = readTime(query.from ?? '0');
  const to = readTime(query.to ?? `${maxTime}`);
  if (from === undefined || to === undefined) return invalidTime(query, from === undefined ? 'from' : 'to');
  if (from >= to) return `to must be a time after from (${from}), got ${to}`;
  const points = /^\d{1,5}$/.test(query.points ?? '')
    ? Number(query.points)
    : query.points === undefined
      ? defaultPoints
      : 0;
  if (points < 1 || points > maxHistoryPoints)
    return `points must be an integer from 1 to ${maxHistoryPoints}, got '${(query.points ?? '').slice(0, 40)}'`;
  return { from, to, points };
}

async function read(
  { recorder }: Recordings,
  stream: string,
  { from = 0, to = maxTime, points = defaultPoints }: Span,
): Promise<StreamHistory> {
  const channels = recorder.run(stream)?.channels.length ?? 1;
  let most = Math.max(1, Math.min(points, Math.floor(maxValues / channels)));
  let found = await recorder.overview(stream, from, to, most);
  // an earlier run had more channels
  for (let values = valuesOf(found); values > 2 * maxValues && most > 1; values = valuesOf(found)) {
    most = Math.max(1, Math.floor((most * maxValues) / values));
    found = await recorder.overview(stream, from, to, most);
  }
  const omitted = Math.max(0, found.runs.length - points);
  const runs: RunOverview[] = [];
  for (const run of found.runs.slice(omitted)) runs.push(await runOf(run));
  return { stream, size: found.size, runs, ...(omitted > 0 && { omitted }) };
}

function valuesOf({ runs }: Overview): number {
  return runs.length > maxHistoryPoints ? 0 : runs.reduce((sum, { count }) => sum + count.length, 0);
}

/** Returns the columns of a run as JSON; other work is done between the channels. */
async function runOf({ run, start, time, frames, min, max, mean, count }: OverviewRun): Promise<RunOverview> {
  const width = run.channels.length;
  const of = (values: Float32Array, c: number) => Array.from(start, (_, i) => shortest(values[i * width + c]));
  const channels: ChannelOverview[] = [];
  for (const [c, channel] of run.channels.entries()) {
    channels.push({
      ...channel,
      min: of(min, c),
      max: of(max, c),
      mean: of(mean, c),
      count: Array.from(start, (_, i) => count[i * width + c]),
    });
    await setImmediate();
  }
  return {
    run: run.number ?? run.run,
    rate: run.rate,
    start: [...start],
    time: [...time],
    frames: [...frames],
    channels,
  };
}

/** Returns a float32 value with the 9 digits that identify it. */
function shortest(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
}
