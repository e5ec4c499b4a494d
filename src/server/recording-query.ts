import { maxTime } from '../protocol/limits.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import type { RecordingHealth } from '../protocol/watch-message.ts';
import type { Overview, OverviewRun } from '../store/overview.ts';
import type { StreamStatus } from '../store/recorder.ts';
import { invalidTime, type Query, readTime } from './history-query.ts';
import type { Recordings } from './recordings.ts';
import type { StreamRegistry } from './stream-registry.ts';
import { storageReason } from '../store/storage-reason.ts';

const defaultPoints = 1000;
const maxPoints = 2000;
/** Maximum number of columns × channels of an answer. */
const maxValues = 32_768;
/** Number of queries that are answered at the same time, and that wait. */
const maxActive = 2;
const maxWaiting = 32;

/** Response to `GET /recordings`. */
export interface RecordingStatus extends RecordingHealth {
  streams: StreamStatus[];
}

/** One channel of a run: a value per column; null if the column has no valid sample of the channel. */
export interface ChannelOverview extends ChannelInfo {
  min: (number | null)[];
  max: (number | null)[];
  mean: (number | null)[];
  /** Number of valid samples. */
  count: number[];
}

/** The columns of one run. Columns without frames are omitted. */
export interface RunOverview {
  /** Number of the run in the protocol. */
  run: number;
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  /** Index of the first frame that each column covers. */
  start: number[];
  /** Time of the first frame of each column, in ms since 1970. */
  time: number[];
  /** Number of frames that arrived, per column. */
  frames: number[];
  channels: ChannelOverview[];
}

/** Response to `GET /history/<stream>`. */
export interface RecordingQueryResult {
  stream: string;
  /** Number of frames per column: a power of two. */
  size: number;
  /** The runs in order; the oldest ones are omitted if there are more than `points`. */
  runs: RunOverview[];
  /** Number of omitted runs; absent if there are none. */
  omitted?: number;
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

/** Deletes what was recorded of a stream. A stream that is live goes on being recorded, in a new recording. */
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

let active = 0;
const waiting: (() => void)[] = [];

/**
 * Returns what was recorded of a stream from time `from` to before `to`, in at most `points` columns. Work and size are bounded:
 * there are fewer columns if the stream has more than 16 channels, and few queries are answered at the same time.
 */
export async function queryRecording(
  recordings: Recordings | undefined,
  stream: string,
  query: Query,
): Promise<RecordingQueryResult | RecordingQueryError> {
  const range = readRange(query);
  if (typeof range === 'string') return { error: range, status: 400 };
  if (!recordings?.recorder.streams.includes(stream)) return { error: notRecorded(stream), status: 404 };
  if (active >= maxActive) {
    if (waiting.length >= maxWaiting) return { error: 'Too many queries. Try again later.', status: 503 };
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else active++;
  try {
    return await read(recordings, stream, range);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else active--;
  }
}

interface Range {
  from: number;
  to: number;
  points: number;
}

const parameters = ['from', 'to', 'points'];

/** Reads the query parameters; returns a sentence if one is invalid. */
function readRange(query: Query): Range | string {
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
  if (points < 1 || points > maxPoints)
    return `points must be an integer from 1 to ${maxPoints}, got '${(query.points ?? '').slice(0, 40)}'`;
  return { from, to, points };
}

async function read(
  { recorder }: Recordings,
  stream: string,
  { from, to, points }: Range,
): Promise<RecordingQueryResult> {
  const channels = recorder.run(stream)?.channels.length ?? 1;
  let most = Math.max(1, Math.min(points, Math.floor(maxValues / channels)));
  let found = await recorder.overview(stream, from, to, most);
  // an earlier run had more channels
  for (let values = valuesOf(found); values > 2 * maxValues && most > 1; values = valuesOf(found)) {
    most = Math.max(1, Math.floor((most * maxValues) / values));
    found = await recorder.overview(stream, from, to, most);
  }
  const omitted = Math.max(0, found.runs.length - points);
  const runs = found.runs.slice(omitted).map(runOf);
  return { stream, size: found.size, runs, ...(omitted > 0 && { omitted }) };
}

function valuesOf({ runs }: Overview): number {
  return runs.length > maxPoints ? 0 : runs.reduce((sum, { count }) => sum + count.length, 0);
}

function runOf({ run, start, time, frames, min, max, mean, count }: OverviewRun): RunOverview {
  const width = run.channels.length;
  const of = (values: Float32Array, c: number) => Array.from(start, (_, i) => shortest(values[i * width + c]));
  return {
    run: run.number ?? run.run,
    rate: run.rate,
    start: [...start],
    time: [...time],
    frames: [...frames],
    channels: run.channels.map((channel, c) => ({
      ...channel,
      min: of(min, c),
      max: of(max, c),
      mean: of(mean, c),
      count: Array.from(start, (_, i) => count[i * width + c]),
    })),
  };
}

/** Returns a float32 value with the 9 digits that identify it. */
function shortest(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
}
