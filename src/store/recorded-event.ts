import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { Block } from '../core/blocks/block.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import type { ChannelInfo } from '../protocol/fields.ts';
import type { ClockKind } from '../protocol/ingest.ts';

/** A run starts, or a run continues with another description. */
export interface RunEvent {
  type: 'run';
  /** Position of the run among those of the recording. It must not decrease. */
  run: number;
  /** Number of the run in the protocol. Default: `run`. */
  number?: number;
  /** Absolute index of the next frame. */
  next: number;
  /** Time of the event in ms since 1970. */
  time: number;
  /** Label and unit of each channel. */
  channels: ChannelInfo[];
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  /** Kind of stream, such as `eeg`. */
  kind?: string;
  /** Name of the stream whose targets this stream contains. */
  for?: string;
  /** The clock of the device. */
  clock?: ClockKind;
  /** Identifies the settings with which the run is processed. */
  settings?: string;
  /** Whether the store has repeated the description at the beginning of a segment. */
  continued?: boolean;
}

/** Frames as they were received. */
export interface BlockEvent {
  type: 'block';
  block: Block;
}

/** Missing frames. */
export interface GapEvent {
  type: 'gap';
  /** Absolute index of the first missing frame. */
  from: number;
  count: number;
}

/** An event (annotation) of the device or a user. */
export interface MarkEvent {
  type: 'mark';
  /** Absolute index of its first frame. */
  at: number;
  label: string;
  /** Duration in frames. */
  frames?: number;
  /** Time in ms since 1970, not rounded to a frame. */
  time?: number;
  /** Duration in ms, not rounded to frames. */
  duration?: number;
}

/** A change of an alarm of this stream. */
export interface RecordedAlarm {
  type: 'alarm';
  event: AlarmEvent;
}

/** A message to the pipeline of the stream, other than blocks. */
export interface MessageEvent {
  type: 'message';
  /** Absolute index of the next frame when the message was processed. */
  at: number;
  message: PipelineMessage;
}

/** What was received but not recorded, because nothing could be written. */
export interface LostEvent {
  type: 'lost';
  /** Absolute index of the first lost frame, or of the next frame if only other events were lost. */
  from: number;
  /** Number of lost frames. They are the frames from `from` on, or, after very many separate losses, some of more frames. */
  count: number;
  /** Number of lost events that are not blocks. */
  events: number;
  reason: string;
}

/** What can be recorded. */
export type RecordedEvent = RunEvent | BlockEvent | GapEvent | MarkEvent | RecordedAlarm | MessageEvent;

/** Bytes of a segment that cannot be read. */
export interface DamagedEvent {
  type: 'damaged';
  /** The file, the first damaged byte, and the number of bytes. Without bytes, the whole segment is missing. */
  file: string;
  offset: number;
  bytes: number;
}

/** A position in the recording of a stream. */
export interface Position {
  /** Number of the segment. */
  readonly segment: number;
  /** Offset in its file in bytes. */
  readonly offset: number;
}

/** An event with its run and its position in the recording. */
export interface StoredEvent {
  readonly run: number;
  /** Index of the frame that the event belongs to. */
  readonly index: number;
  readonly position: Position;
  readonly event: RecordedEvent | LostEvent | DamagedEvent;
}
