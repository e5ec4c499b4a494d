import type { ChannelInfo } from '../protocol/fields.ts';
import type { Position } from '../store/recorded-event.ts';
import type { Hello } from '../protocol/ingest.ts';
import type { Allocation, MonitoredStream } from './detector-budget.ts';
import type { FeedDesigner, LearnerSpec } from './feed-spec.ts';
import type { FeedStagesOptions } from './feed-stages.ts';
import type { MakeHost } from './pipeline-host.ts';
import type { SavedRun } from './pipeline-store.ts';
import type { Rejections } from './rejections.ts';

/** Options shared by all feeds of a server. */
export interface FeedOptions extends FeedStagesOptions {
  design: FeedDesigner;
  /** Returns the learners that are added to the designed ones. Default: none. */
  added?: () => readonly LearnerSpec[];
  /** Returns a number for a new run. */
  newRun: () => number;
  /** Creates the host of the pipeline. */
  host: MakeHost;
  /** Returns how many channels of a stream are monitored. */
  monitor: (stream: MonitoredStream) => Allocation;
  /** Returns the saved pipeline of the stream, if any. */
  saved: () => SavedRun | undefined;
  /** Returns the position in the recording of the stream after everything so far. Default: it is not recorded. */
  position?: () => Position | undefined;
  /** Messages of the sensor that were rejected before the stream was opened. */
  rejections?: Rejections;
  /** Returns the current time in ms since 1970. */
  now: () => number;
}

/**
 * How a feed starts: it continues the saved pipeline, its learners and its detector use what they learned in an earlier run,
 * or nothing is saved.
 */
export type Start = 'continued' | 'learned' | 'new';

/** Description of a stream when it is opened. */
export type Opening = Hello & { channels: ChannelInfo[]; rate: number };
