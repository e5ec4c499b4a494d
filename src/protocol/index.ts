export {
  type AlarmAction,
  type AlarmRequest,
  type AlarmMessage,
  type AlarmsMessage,
  type MaintenanceRequest,
} from './alarm.ts';
export { blockKinds, decodeBlock, encodeBlock, headerLength, type BlockKind, type WireBlock } from './block-header.ts';
export { closeCodes, closeReason, mayRetry } from './close-codes.ts';
export type { ChannelInfo } from './fields.ts';
export type { ChannelOverview, HistoryMessage, HistoryRequest, RunOverview, StreamHistory } from './history-message.ts';
export { helloOf, streamOf } from './ingest-address.ts';
export { type IngestReply, parseIngestReply, type ErrorMessage, type WarningMessage } from './ingest-reply.ts';
export { type ClockKind, type IngestMessage, parseIngest, parseIngestList } from './ingest.ts';
export { parseWatch } from './watch-message.ts';
export { type ErrorCode, errorCodes, ProtocolError } from './protocol-error.ts';
export type { ClockInfo, LearnerInfo, MapInfo, StreamInfo } from './stream-info.ts';
export {
  type BlockMessage,
  type DroppedMessage,
  type GapMessage,
  type HealthMessage,
  type LearnerHealth,
  type MarkMessage,
  type RecordingHealth,
  type RunMessage,
  type RejectedMessages,
  type StreamHealth,
  type StreamsMessage,
  type SubscribedMessage,
  type WatchMessage,
  type WatchText,
} from './watch-message.ts';
export {
  type LearningAct,
  type LearningRequest,
  type RemoveRequest,
  parseWatchRequest,
  type Watchable,
  type WatchRequest,
} from './watch-request.ts';
export type { KernelsMessage, LossMessage } from './learner-message.ts';
export type { LearnerRequest } from './learner-request.ts';
