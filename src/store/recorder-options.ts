import { fields, integer, invalid, positive } from '../core/check.ts';
import type { RetentionOptions } from './retention.ts';
import type { FsyncPolicy } from './segment-chain.ts';

/** Which streams are recorded. The first rule that matches a stream applies; streams without a rule are recorded. */
export interface RecordingRule {
  /** Name of a stream, or a prefix followed by `*`. */
  readonly streams: string;
  /** Whether it is recorded. */
  readonly record: boolean;
}

/** Options of a recorder. */
export interface RecorderOptions {
  /** Which streams are recorded. Default: all. */
  rules?: readonly RecordingRule[];
  /**
   * When recorded data is forced onto the disk: never by the recorder (a killed process loses nothing that is durable, a
   * power loss can), after every write, or at most every `every` ms. Default: { every: 1000 }.
   */
  fsync?: FsyncPolicy;
  /** Time between the arrival of data and its write, in ms. Default: 200. */
  commitInterval?: number;
  /** Maximum memory for data that is not written, in bytes. What exceeds it is lost and counted. Default: 64 MiB. */
  memoryBytes?: number;
  /** Maximum size of a segment in bytes. It is less if many streams share a small budget. Default: 64 MiB. */
  segmentBytes?: number;
  /** Maximum age of a segment that is written, in ms. Default: 1 day. */
  segmentAge?: number;
  /** How long recordings are kept. */
  retention?: RetentionOptions;
  /** Time between two checks of the retention limits, in ms. Default: 60,000. */
  retentionInterval?: number;
  /** The time in ms since 1970. Default: Date.now. */
  now?: () => number;
  /** Called with a line about anything that is damaged, lost, or cannot be written. */
  report?: (line: string) => void;
}

/** Returns the options with their defaults. Throws an error that names the invalid one. */
export function recorderOptions(options: RecorderOptions): Required<RecorderOptions> {
  const {
    rules = [],
    fsync = { every: 1000 },
    commitInterval = 200,
    memoryBytes = 64 << 20,
    segmentBytes = 64 << 20,
    segmentAge = 86_400_000,
    retention = {},
    retentionInterval = 60_000,
    now = Date.now,
    report = () => {},
  } = fields('options', options, 'RecorderOptions');
  if (typeof fsync === 'object') positive('fsync.every', (fsync as { every?: number } | null)?.every, 'ms');
  else if (fsync !== 'never' && fsync !== 'always')
    throw invalid('fsync', "'never', 'always', or { every: <ms> }", fsync, TypeError);
  for (const { streams, record } of rules) {
    if (typeof streams !== 'string' || !/^[A-Za-z0-9._-]{0,64}\*?$/.test(streams))
      throw invalid('streams of a rule', 'a stream name, or a prefix followed by *', streams, TypeError);
    if (typeof record !== 'boolean') throw invalid('record of a rule', 'true or false', record, TypeError);
  }
  positive('commitInterval', commitInterval, 'ms');
  positive('segmentAge', segmentAge, 'ms');
  positive('retentionInterval', retentionInterval, 'ms');
  integer('memoryBytes', memoryBytes, 1 << 16);
  integer('segmentBytes', segmentBytes, 1 << 12);
  return {
    rules,
    fsync,
    commitInterval,
    memoryBytes,
    segmentBytes,
    segmentAge,
    retention,
    retentionInterval,
    now,
    report,
  };
}

/** Whether a stream is recorded. */
export function isRecorded(rules: readonly RecordingRule[], stream: string): boolean {
  const rule = rules.find(({ streams }) =>
    streams.endsWith('*') ? stream.startsWith(streams.slice(0, -1)) : stream === streams,
  );
  return rule?.record ?? true;
}
