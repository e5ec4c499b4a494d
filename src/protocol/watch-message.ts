import type { AlarmMessage, AlarmsMessage } from './alarm.ts';
import type { WireBlock } from './block-header.ts';
import type { Refusal } from './ingest-reply.ts';
import type { StreamInfo } from './stream-info.ts';

/** All streams; sent on connecting and whenever one comes, goes or changes. */
export interface StreamsMessage {
  type: 'streams';
  streams: StreamInfo[];
}
/** The subscription stands; its first frame is `next` of run `run`. */
export interface SubscribedMessage {
  type: 'subscribed';
  id: number;
  stream: string;
  run: number;
  next: number;
}
/** A learner's kernels as they are at frame `at`. */
export interface KernelsMessage {
  type: 'kernels';
  id: number;
  learner: number;
  at: number;
  /** [out, taps, in]; tap 0 meets the newest frame. */
  shape: [number, number, number];
  data: number[];
  /** The first weights; with the first message of a subscription only. */
  start?: number[];
}
/** A learner's running score at frame `at`; null until known. */
export interface LossMessage {
  type: 'loss';
  id: number;
  learner: number;
  at: number;
  /** Squared error over the variance of the truth. */
  nmse: number | null;
  /** 1 - nmse / persistence. */
  skill: number | null;
  /** The nmse of guessing that nothing changes. */
  persistence: number | null;
  rms: number | null;
  /** The nmse of the mean of the last 8 frames, and of a constant and a mains sine. Absent: the server does not tell. */
  movingAverage?: number | null;
  mains?: number | null;
  /** The nmse and the skill of all frames so far. */
  overall?: { nmse: number | null; skill: number | null };
  /** Updates so far, how many outputs were not learned from, by the reason, and how often the last good weights came back. */
  updates?: number;
  refused?: Record<string, number>;
  rollbacks?: number;
}
/** An event of the stream, `frames` long. */
export interface MarkMessage {
  type: 'mark';
  id: number;
  at: number;
  label: string;
  frames?: number;
}
/** Frames that never came. */
export interface GapMessage {
  type: 'gap';
  id: number;
  from: number;
  count: number;
}
/** A new run began: channels, rate or numbering changed. */
export interface RunMessage {
  type: 'run';
  id: number;
  run: number;
  next: number;
}
/** This viewer was too slow: so many frames (or messages) of `what` were left out. */
export interface DroppedMessage {
  type: 'dropped';
  id: number;
  what: string;
  from: number;
  count: number;
}
/** How one stream does. */
export interface StreamHealth {
  name: string;
  /** Measured, in Hz. */
  rate: number;
  /** Now minus the time of the newest frame, in ms; null when unknown. */
  lag: number | null;
  /** Frames received, frames that never came, frames with a sample that is not real. */
  received: number;
  gaps: number;
  invalid: number;
  /** The next index expected. */
  next?: number;
}
/** How the streams do; once a second. */
export interface HealthMessage {
  type: 'health';
  streams: StreamHealth[];
}
/** A binary message, decoded. */
export type BlockMessage = { type: 'block' } & WireBlock;
/** Every text message that a server sends a viewer. */
export type WatchText =
  | StreamsMessage
  | SubscribedMessage
  | KernelsMessage
  | LossMessage
  | MarkMessage
  | GapMessage
  | RunMessage
  | DroppedMessage
  | HealthMessage
  | AlarmsMessage
  | AlarmMessage
  | Refusal;
/** Everything that a server sends a viewer. */
export type WatchMessage = WatchText | BlockMessage;
