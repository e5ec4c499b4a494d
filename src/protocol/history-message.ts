import * as v from 'valibot';
import * as field from './fields.ts';
import { maxTime } from './limits.ts';

/** Maximum number of columns of an answer. */
export const maxHistoryPoints = 2000;

/** Requests a time span of a recorded stream. The answer is one `history` message or one `error`, both with the same `id`. */
export interface HistoryRequest {
  /** Message type. */
  type: 'history';
  /** Id of the request, chosen by the viewer, from 1 to 2^32 - 1. It is independent of the ids of subscriptions. */
  id: number;
  /** Name of the stream, which can have ended. */
  stream: string;
  /** Start of the time span in ms since 1970. Default: 1970. */
  from?: number;
  /** End of the time span in ms since 1970, after `from`. Default: everything after `from`. */
  to?: number;
  /** Maximum number of columns, from 1 to 2000. Default: 1000. */
  points?: number;
}

/** One channel of a run: one value per column; null if the column has no valid sample of the channel. */
export interface ChannelOverview extends field.ChannelInfo {
  /** Smallest valid samples. */
  min: (number | null)[];
  /** Largest valid samples. */
  max: (number | null)[];
  /** Means of the valid samples. */
  mean: (number | null)[];
  /** Numbers of valid samples. */
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
  /** The channels. */
  channels: ChannelOverview[];
}

/** A time span of a recorded stream, reduced to columns. */
export interface StreamHistory {
  /** Name of the stream. */
  stream: string;
  /** Number of frames per column: a power of two. */
  size: number;
  /** The runs in order; the oldest ones are omitted if there are more than `points`. */
  runs: RunOverview[];
  /** Number of omitted runs; absent if there are none. */
  omitted?: number;
}

/** The answer to a `HistoryRequest`. */
export interface HistoryMessage extends StreamHistory {
  /** Message type. */
  type: 'history';
  /** The id of the request. */
  id: number;
}

const pointsRule = `an integer from 1 to ${maxHistoryPoints}`;

/** Schema of a HistoryRequest. */
export const historyRequest: field.Schema<HistoryRequest> = v.pipe(
  v.object(
    {
      type: v.literal('history'),
      id: field.id,
      stream: field.name,
      from: v.optional(field.time),
      to: v.optional(field.time),
      points: v.optional(
        v.pipe(
          v.number(pointsRule),
          v.check((n: number) => Number.isInteger(n) && n >= 1 && n <= maxHistoryPoints, pointsRule),
        ),
      ),
    },
    'given',
  ),
  v.forward(
    v.check(({ from = 0, to = maxTime }) => from < to, 'a time after from'),
    ['to'],
  ),
);

const numbers = v.array(v.number());
const values = v.array(v.nullable(v.number()));

const channelOverview: field.Schema<ChannelOverview> = v.object({
  label: field.label,
  unit: field.unit,
  min: values,
  max: values,
  mean: values,
  count: numbers,
});

const runOverview: field.Schema<RunOverview> = v.pipe(
  v.object({
    run: field.run,
    rate: field.rate,
    start: numbers,
    time: numbers,
    frames: numbers,
    channels: v.array(channelOverview),
  }),
  v.check(
    ({ start, time, frames, channels }) =>
      [time, frames, ...channels.flatMap(({ min, max, mean, count }) => [min, max, mean, count])].every(
        ({ length }) => length === start.length,
      ),
    'a run whose columns are of equal length',
  ),
);

/** Schema of a HistoryMessage. */
export const historyMessage: field.Schema<HistoryMessage> = v.object({
  type: v.literal('history'),
  id: field.id,
  stream: field.name,
  size: field.count,
  runs: v.array(runOverview),
  omitted: v.optional(field.count),
});
