/**
 * The server: devices publish to it, viewers watch it, and it processes every stream.
 *
 * @module tapline/server
 */

export { createServer, type TaplineServer } from './server.ts';
export type { ServerOptions } from './options.ts';
export type { ServerAlarms } from './server-alarms.ts';
export {
  type FeedChannel,
  type FeedDesigner,
  type FeedInfo,
  type FeedSpec,
  type LearnerSpec,
  type MapSpec,
} from './feed-spec.ts';
export { defaultFeed } from './default-feed.ts';
export type { ChannelInfo } from '../protocol/fields.ts';
export type { TimeUnit } from '../core/blocks/time-unit.ts';
export type { ClockInfo, LearnerInfo, MapInfo, StreamInfo } from '../protocol/stream-info.ts';
export type { HistoryRetention } from '../store/history.ts';
export type { RecorderOptions, RecordingRule } from '../store/recorder-options.ts';
export type { RetentionOptions } from '../store/retention.ts';
export type { FsyncPolicy } from '../store/segment-chain.ts';
