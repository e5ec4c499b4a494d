import { integer, invalid, positive } from '../core/check.ts';
import { defaultLimits, type Limits } from '../protocol/limits.ts';
import type { FeedDesigner, LearnerSpec } from './feed-spec.ts';
import { defaultFeed } from './default-feed.ts';
import { builtPage } from './http.ts';
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
  /** Maximum number of channels per stream. Default: 1024. */
  maxChannels?: number;
  /** Maximum number of streams. Default: 256. */
  maxStreams?: number;
  /** Maximum number of connections to /watch. Default: 64. */
  maxViewers?: number;
  /**
   * Milliseconds between pings; a client that does not respond to a ping is disconnected at the next. Default: 15,000.
   */
  heartbeat?: number;
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
  /** Number of worker threads that run the pipelines of streams. Default 0: they run in the server's own thread. */
  workers?: number;
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
export type ResolvedOptions = Required<Omit<ServerOptions, 'statePath' | 'maxPayload' | 'maxChannels'>> & {
  limits: Limits;
  statePath?: string;
};

/** Applies the defaults. Throws a RangeError or TypeError that names the invalid option. */
export function resolveOptions(options: ServerOptions = {}): ResolvedOptions {
  const { host = '127.0.0.1', port = 8080, origins = [], pageDirectory = builtPage(), feed = defaultFeed } = options;
  if (integer('port', port, 0) > 65535) throw invalid('port', 'an integer from 0 to 65535', port);
  return {
    host,
    port,
    origins,
    pageDirectory,
    feed,
    learners: checkedLearners(options.learners ?? {}),
    powerLine: positive('powerLine', options.powerLine ?? 50, 'Hz'),
    limits: {
      maxPayload: integer('maxPayload', options.maxPayload ?? defaultLimits.maxPayload, 1024),
      maxChannels: integer('maxChannels', options.maxChannels ?? defaultLimits.maxChannels, 1),
    },
    maxStreams: integer('maxStreams', options.maxStreams ?? 256, 1),
    maxViewers: integer('maxViewers', options.maxViewers ?? 64, 1),
    heartbeat: integer('heartbeat', options.heartbeat ?? 15_000, 1),
    workers: integer('workers', options.workers ?? 0, 0),
    statePath: options.statePath,
    alarms: checkAlarms(options.alarms ?? {}),
    history: checkedRetention(options.history ?? {}),
    saveEvery: integer('saveEvery', options.saveEvery ?? 60_000, 1),
    log: options.log ?? (() => {}),
  };
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
