import { integer, invalid } from '../core/check.ts';
import { defaultLimits, type Limits } from '../protocol/limits.ts';
import type { FeedDesigner } from './feed-spec.ts';
import { defaultFeed } from './default-feed.ts';
import { builtPage } from './http.ts';
import { checkAlarms, type ServerAlarms } from './server-alarms.ts';

/** How a server is to be. */
export interface ServerOptions {
  /** The address to listen at. Default 127.0.0.1: this machine only. */
  host?: string;
  /** Default 8080; 0 = any that is free. */
  port?: number;
  /** Origins whose pages may connect, and names to answer by, beside loopback ones: 'https://dashboard.example'. */
  origins?: readonly string[];
  /** Bytes of one message. Default 1 MiB. */
  maxPayload?: number;
  /** Channels of one stream. Default 1024. */
  maxChannels?: number;
  /** Published streams. Default 256. */
  maxStreams?: number;
  /** Connections to /watch. Default 64. */
  maxViewers?: number;
  /** Ms between two pings; who misses one is cut off at the next. Default 15 000. */
  heartbeat?: number;
  /** The built page. Default: the package's own. */
  pageDirectory?: string;
  /** Makes the feed of a stream. Default: `defaultFeed`. */
  feed?: FeedDesigner;
  /** A directory in which learned weights are kept from one start to the next. */
  statePath?: string;
  /** Ms between two writings of learned weights, beside the one at the end. Default 60 000. */
  saveEvery?: number;
  /** How alarms are raised, and where they are told. */
  alarms?: ServerAlarms;
  /** Told, in a line, what a person who runs the server wants to know. */
  log?: (line: string) => void;
}

/** The options with every default in its place. */
export type ResolvedOptions = Required<Omit<ServerOptions, 'statePath' | 'maxPayload' | 'maxChannels'>> & {
  limits: Limits;
  statePath?: string;
};

/** Puts every default in its place. Throws RangeError or TypeError on one that is wrong. */
export function resolveOptions(options: ServerOptions = {}): ResolvedOptions {
  const { host = '127.0.0.1', port = 8080, origins = [], pageDirectory = builtPage(), feed = defaultFeed } = options;
  if (integer('port', port, 0) > 65535) throw invalid('port', 'an integer from 0 to 65535', port);
  return {
    host,
    port,
    origins,
    pageDirectory,
    feed,
    limits: {
      maxPayload: integer('maxPayload', options.maxPayload ?? defaultLimits.maxPayload, 1024),
      maxChannels: integer('maxChannels', options.maxChannels ?? defaultLimits.maxChannels, 1),
    },
    maxStreams: integer('maxStreams', options.maxStreams ?? 256, 1),
    maxViewers: integer('maxViewers', options.maxViewers ?? 64, 1),
    heartbeat: integer('heartbeat', options.heartbeat ?? 15_000, 1),
    statePath: options.statePath,
    alarms: checkAlarms(options.alarms ?? {}),
    saveEvery: integer('saveEvery', options.saveEvery ?? 60_000, 1),
    log: options.log ?? (() => {}),
  };
}
