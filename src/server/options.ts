import { availableParallelism } from 'node:os';
import { integer, invalid, positive } from '../core/check.ts';
import { defaultLimits, type Limits } from '../protocol/limits.ts';
import { trustedProxies } from './client-address.ts';
import type { FeedDesigner, LearnerSpec } from './feed-spec.ts';
import { defaultFeed } from './default-feed.ts';
import { builtPage } from './http.ts';
import { type RecorderOptions, recorderOptions } from '../store/recorder-options.ts';
import type { HistoryRetention } from '../store/history.ts';
import { checkAlarms, type ServerAlarms } from './server-alarms.ts';

/** Options of `createServer`. */
export interface ServerOptions {
  /** Address to bind to; '0.0.0.0' = all network interfaces. Default: '127.0.0.1', this computer only. */
  host?: string;
  /** TCP port; 0 = any free port. Default: 8080. */
  port?: number;
  /**
   * Further origins whose pages may connect and under whose host names the server responds, such as
   * 'https://dashboard.example'. Loopback names are always allowed.
   */
  origins?: readonly string[];
  /** Maximum size of a message in bytes. Default: 1 MiB. */
  maxPayload?: number;
  /** Maximum size of a text message, and of the body of an HTTP request, in bytes. Default: 256 KiB, at most `maxPayload`. */
  maxText?: number;
  /** Maximum number of channels per stream. Default: 1024. */
  maxChannels?: number;
  /** Maximum number of streams. Default: 1000. */
  maxStreams?: number;
  /** Maximum number of connections to /watch. Of these, a sixteenth (at most 16) is kept for loopback addresses. Default: 256. */
  maxViewers?: number;
  /**
   * Maximum number of connections per address of each of these kinds: viewers, devices that have not opened their stream,
   * connections without a request, and connections with an HTTP request in progress. Devices whose stream is open do not
   * count, and HTTP connections and devices that wait for less than a second do not either. IPv6 addresses count by their /64
   * network. Default: 128.
   */
  maxConnectionsPerAddress?: number;
  /**
   * Maximum number of connections of each of these kinds: devices that have not opened their stream, connections without a
   * request, and connections with an HTTP request in progress. Of these, a sixteenth (at most 16) is kept for loopback
   * addresses. Default: 512.
   */
  maxWaiting?: number;
  /**
   * Milliseconds in which a device must open its stream: by its address, `hello`, or samples. Default: 30,000, the time within
   * which most devices take their first sample.
   */
  helloTimeout?: number;
  /** Milliseconds in which a message or an HTTP request must be complete after its first byte. Default: 30,000. */
  messageTimeout?: number;
  /**
   * Maximum memory in bytes of all WebSocket messages that are not complete yet, and of all HTTP requests that are not complete
   * yet. Default: 128 MiB of each, or twice `maxPayload` if that is more.
   */
  maxUnfinished?: number;
  /**
   * Addresses of reverse proxies, or networks such as '10.0.0.0/8'. Their connections count for the address in
   * X-Forwarded-For. Default: none; the header is ignored.
   */
  trustProxy?: readonly string[];
  /**
   * Milliseconds between pings; a client that does not respond to a ping is disconnected at the next. Default: 15,000.
   */
  heartbeat?: number;
  /**
   * Milliseconds for which a sensor may send faster than its samples are processed. It is slowed down first; then its connection
   * is closed with 4009. Default: 600,000.
   */
  maxSlowed?: number;
  /** Directory of the dashboard's files. Default: the built dashboard of this package. */
  pageDirectory?: string;
  /** Chooses feature maps and learners for a stream. Default: `defaultFeed`. */
  feed?: FeedDesigner;
  /**
   * Learners that are added to the feeds of streams, by stream. Their weights are saved like those of other learners, and used
   * only as long as the settings stay the same. The names must differ from those of the other learners of the stream.
   */
  learners?: Readonly<Record<string, readonly LearnerSpec[]>>;
  /** Power-line frequency in Hz for the power-line baseline of learners: 50 or 60. Default: 50. */
  powerLine?: number;
  /**
   * Number of worker threads that run the pipelines of streams; 'auto' = one per processor core but one. Default 0: they run in
   * the server's own thread.
   */
  workers?: number | 'auto';
  /**
   * Directory in which the pipelines of streams, learned weights, and alarms are saved and from which they are restored.
   * Default: not saved.
   */
  statePath?: string;
  /**
   * Milliseconds between saves of weights and alarms; pipelines are saved with every tenth. The state is also saved on close.
   * Default: 60,000.
   */
  saveEvery?: number;
  /**
   * How streams are recorded, in the directory `recordings` of `statePath`; false: they are not. Default: all streams are recorded
   * if there is a `statePath`.
   */
  recording?: Omit<RecorderOptions, 'now' | 'report'> | false;
  /**
   * How long past alarms and sessions are kept. Default: 365 days, at most 100,000 of each, and 1 GiB. Without `statePath`:
   * in memory, at most 10,000 of each, and 16 MiB.
   */
  history?: HistoryRetention;
  /** How alarms are raised and where they are sent. */
  alarms?: ServerAlarms;
  /** Called with log lines. Default: no log. */
  log?: (line: string) => void;
}

/** Options with all defaults applied. */
export type ResolvedOptions = Required<
  Omit<ServerOptions, 'statePath' | 'maxPayload' | 'maxText' | 'maxChannels' | 'workers'>
> & {
  limits: Limits;
  statePath?: string;
  workers: number;
};

/** Applies the defaults. Throws a RangeError or TypeError that names the invalid option. */
export function resolveOptions(options: ServerOptions = {}): ResolvedOptions {
  const { host = '127.0.0.1', port = 8080, origins = [], pageDirectory = builtPage(), feed = defaultFeed } = options;
  const maxPayload = integer('maxPayload', options.maxPayload ?? defaultLimits.maxPayload, 1024);
  const twoMessages = 2 * maxPayload;
  if (integer('port', port, 0) > 65535) throw invalid('port', 'an integer from 0 to 65535', port);
  return {
    host,
    port,
    origins,
    pageDirectory,
    feed,
    learners: checkedLearners(options.learners ?? {}),
    recording: checkedRecording(options.recording ?? {}),
    maxSlowed: integer('maxSlowed', options.maxSlowed ?? 600_000, 1),
    powerLine: positive('powerLine', options.powerLine ?? 50, 'Hz'),
    limits: {
      maxPayload,
      maxText: integer('maxText', options.maxText ?? Math.min(maxPayload, defaultLimits.maxText), 1024),
      maxChannels: integer('maxChannels', options.maxChannels ?? defaultLimits.maxChannels, 1),
    },
    maxStreams: integer('maxStreams', options.maxStreams ?? 1000, 1),
    maxViewers: integer('maxViewers', options.maxViewers ?? 256, 1),
    maxConnectionsPerAddress: integer('maxConnectionsPerAddress', options.maxConnectionsPerAddress ?? 128, 1),
    maxWaiting: integer('maxWaiting', options.maxWaiting ?? 512, 1),
    helloTimeout: integer('helloTimeout', options.helloTimeout ?? 30_000, 1),
    messageTimeout: integer('messageTimeout', options.messageTimeout ?? 30_000, 1),
    maxUnfinished: integer('maxUnfinished', options.maxUnfinished ?? Math.max(128 << 20, twoMessages), twoMessages),
    trustProxy: checkedProxies(options.trustProxy ?? []),
    heartbeat: integer('heartbeat', options.heartbeat ?? 15_000, 1),
    workers: workerCount(options.workers),
    statePath: options.statePath,
    alarms: checkAlarms(options.alarms ?? {}),
    history: checkedRetention(options.history ?? {}),
    saveEvery: integer('saveEvery', options.saveEvery ?? 60_000, 1),
    log: options.log ?? (() => {}),
  };
}

/** Throws an error that names an invalid option. */
function checkedRecording(recording: ResolvedOptions['recording']): ResolvedOptions['recording'] {
  if (recording !== false) recorderOptions(recording);
  return recording;
}

function workerCount(workers: ServerOptions['workers'] = 0): number {
  if (workers === 'auto') return availableParallelism() - 1;
  if (typeof workers === 'string') throw invalid('workers', "an integer >= 0 or 'auto'", workers, TypeError);
  return integer('workers', workers, 0);
}

/** Throws if an entry is neither an address nor a network. */
function checkedProxies(list: readonly string[]): readonly string[] {
  trustedProxies(list);
  return list;
}

function checkedRetention({ days = 365, records = 100_000, bytes = 2 ** 30 }: HistoryRetention): HistoryRetention {
  return {
    days: positive('history.days', days, 'days'),
    records: integer('history.records', records, 1),
    bytes: integer('history.bytes', bytes, 2 ** 20),
  };
}

/** Throws if two learners of a stream have the same name. */
function checkedLearners(learners: ResolvedOptions['learners']): ResolvedOptions['learners'] {
  for (const [stream, list] of Object.entries(learners)) {
    const names = list.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw invalid(`name of a learner of stream ${stream}`, 'unique', twice);
  }
  return learners;
}
