import type { Block } from '../core/blocks/block.ts';
import { invalid, oneOf } from '../core/check.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import { type IngestMessage, parseIngest } from '../protocol/ingest.ts';
import { inOrder } from '../protocol/named-samples.ts';
import { parseWatch, type WatchMessage } from '../protocol/watch-message.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { Subscribe } from '../protocol/watch-request.ts';
import { connect, type Disconnect, type Link, watchTimeout } from './connect.ts';
import { runNumbering } from './run-numbering.ts';
import { concatMap, defer, type Observable, type SchedulerLike } from 'rxjs';

/** What to receive from a socket. */
export interface FromSocketOptions {
  /** Stream of a Tapline server. Default: the one in the URL (`?stream=eeg`), otherwise the first stream. */
  stream?: string;
  /** Data to receive: raw (default), features, or prediction. Default: the one in the URL (`?what=features`). */
  what?: 'raw' | 'features' | 'prediction';
  /** Index of the feature-map network or of the learner. Default 0. */
  map?: number;
  /** Maximum number of messages per second. Default 30. */
  maxHz?: number;
  /** Sampling rate in Hz for third-party messages without one. Default 0 = irregular. */
  rate?: number;
  /** Number of channels that third-party messages must have. Default: that of the first message. */
  channels?: number;
  /** Called when a connection ends and will be retried. */
  down?: (down: Disconnect) => void;
  /** Random numbers for the waits between connections, uniform in [0, 1). */
  random?: () => number;
  /** Scheduler of those waits. */
  scheduler?: SchedulerLike;
}

const kinds = { raw: 'samples', features: 'features', prediction: 'prediction' } as const;

/**
 * Emits the blocks of a live socket and reconnects when the connection breaks. The socket is a Tapline server's (a URL
 * whose path ends with /watch) or any other that sends sample messages, bare arrays of numbers, or eeg-pipes samples
 * and epochs.
 *
 *     socket  --{data}--{data}--x  ···  --{data}--
 *     output  --[0 1]---[2 3]-------------[7 8]---        4-6 are missing: `start` jumps
 *
 * Every frame is emitted at most once, and the numbering never goes back: a new run continues after the last frame.
 * Every subscriber has its own connection. A rejection (close code 45xx) is an error with the server's reason as its
 * message.
 */
export function fromSocket(url: string, options: FromSocketOptions = {}): Observable<Block> {
  const { pathname, searchParams } = new URL(url);
  if (!pathname.endsWith('/watch')) return foreignBlocks(url, options);
  const named = options.stream ?? searchParams.get('stream') ?? undefined;
  const what = oneOf('what', options.what ?? searchParams.get('what') ?? 'raw', ['raw', 'features', 'prediction']);
  const { map = 0, maxHz, down, random, scheduler } = options;
  if (!Number.isInteger(map) || map < 0) throw invalid('map', 'an integer >= 0', map);

  return defer(() => {
    let link: Link | undefined;
    let stream = named;
    let subscribed = false;
    const numbering = runNumbering();
    const opened = (newLink: Link) => {
      link = newLink;
      subscribed = false;
    };
    const subscribeTo = (names: string[]) => {
      const found = names.find((name) => stream === undefined || name === stream);
      if (found !== undefined && !subscribed) {
        const request: Subscribe = { type: 'subscribe', id: 1, stream: found, what: [what], maxHz };
        link?.send(JSON.stringify(request));
      }
      stream ??= found;
      subscribed = found !== undefined;
    };
    return connect<WatchMessage>(url, {
      parse: parseWatch,
      opened,
      down,
      staleAfter: watchTimeout,
      random,
      scheduler,
    }).pipe(
      concatMap((message): Block[] => {
        if (message.type === 'streams') subscribeTo(message.streams.map(({ name }) => name));
        else if (message.type === 'error' && message.code !== 'broken-pipeline') throw new Error(message.message);
        else if (message.type === 'block' && message.map === map && message.kind === kinds[what])
          return numbering(message.block, message.run);
        return [];
      }),
    );
  });
}

/** What third-party messages omit. */
interface ForeignOptions {
  rate?: number;
  channels?: number;
  down?: (down: Disconnect) => void;
  random?: () => number;
  scheduler?: SchedulerLike;
}

/**
 * Emits the blocks of a socket that sends samples in any format that the server accepts. Frames are numbered in order
 * of arrival unless the messages number them. Messages without a time get the time of arrival. Messages without samples
 * (greetings, status) are ignored; samples of a wrong shape are an error.
 */
function foreignBlocks(url: string, options: ForeignOptions = {}): Observable<Block> {
  const { down, random, scheduler } = options;
  return defer(() => {
    let { rate = 0, channels } = options;
    let next = 0;
    let named: ChannelInfo[] | undefined;
    return connect<IngestMessage>(url, { parse: parseSamples, protocol: null, down, random, scheduler }).pipe(
      concatMap((message): Block[] => {
        if (message.type === 'hello') {
          rate = message.rate ?? rate;
          return [];
        }
        if (message.type !== 'samples') return [];
        if (message.named) named ??= message.labels?.map((label) => ({ label, unit: '' }));
        const samples = message.named && named ? inOrder(message, named) : message;
        channels ??= samples.channels;
        if (samples.channels !== channels) throw invalid('channels', String(channels), samples.channels);
        rate = samples.rate ?? rate;
        const start = Math.max(next, samples.start ?? next);
        const { data, valid, time = Date.now() } = samples;
        next = start + data.length / channels;
        const block: Block = { data, channels, start, rate, time };
        return [valid ? { ...block, valid } : block];
      }),
    );
  });
}

function parseSamples(message: string | ArrayBuffer): IngestMessage | undefined {
  try {
    return parseIngest(message);
  } catch (error) {
    if (error instanceof ProtocolError && ['bad-json', 'bad-message'].includes(error.code)) return undefined;
    throw error;
  }
}
