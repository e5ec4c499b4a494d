import * as v from 'valibot';
import { type TimeUnit, timeUnits } from '../core/blocks/time-unit.ts';
import * as field from './fields.ts';

/** A feature map network of a stream. */
export interface MapInfo {
  /** Index among the feature maps of the stream, from 0. */
  index: number;
  /** Name of the feature map. */
  name: string;
  /** Labels of the outputs, one per row. */
  labels: string[];
  /** Frame rate of its outputs in Hz. */
  rate: number;
  /** Unit of the outputs; absent if they have none. */
  unit?: string;
  /** Number of outputs at the start whose receptive field begins before the first frame. */
  warmUp: number;
  /** Group delay in ms. */
  groupDelay: number;
}

/** A learner of a stream. */
export interface LearnerInfo {
  /** Index among the learners of the stream, from 0. */
  index: number;
  /** Name of the learner. */
  name: string;
  /**
   * 'forecast' predicts a later frame, 'target' predicts another stream, 'reconstruct' predicts its own input, and
   * 'cancel' predicts the channels that it does not read.
   */
  task: 'forecast' | 'target' | 'reconstruct' | 'cancel';
  /** For 'target': name of the stream that it predicts. Default: the name of the learner. */
  target?: string;
  /** For 'forecast': horizon of the prediction in frames. Default: 1. */
  horizon?: number;
  /** Whether the weights are updated; false if the learner is frozen. */
  learning: boolean;
  /** Learning rate (µ). */
  learningRate: number;
  /** @deprecated Read `learningRate`. Sent for one more version. */
  step?: number;
  /** Labels of its input channels. */
  channels: string[];
  /** Labels of the output channels of its first convolution, one per kernel. */
  outputs: string[];
  /** Kernel length of the first convolution in frames; 0 if there is none. */
  taps: number;
  /** Frame rate of its kernels in Hz. */
  rate: number;
  /** true if a viewer added the learner, so that viewers can remove it; absent otherwise. */
  added?: boolean;
}

/** The clock of a device that sends the times of its frames. */
export interface ClockInfo {
  /** 'epoch': times count from 1970. 'monotonic': times count from an arbitrary time, such as the start of the device. */
  kind: 'epoch' | 'monotonic';
  /** Unit of its times: `s`, `ms`, `us`, or `ns`; absent until it is recognized. */
  unit?: TimeUnit | undefined;
}

/** Description of a stream for viewers. */
export interface StreamInfo {
  /** Name of the stream. */
  name: string;
  /** Channels, in the order of the samples of a frame. */
  channels: field.ChannelInfo[];
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  /** Number of the current run. */
  run: number;
  /** Absolute index of the next frame expected. */
  next: number;
  /** Whether a sensor is connected. */
  live: boolean;
  /** Kind of signal, such as 'eeg'; absent if unspecified. */
  kind?: string;
  /** Name of the stream that this stream is the target of. */
  for?: string;
  /** Feature maps of the stream. */
  maps: MapInfo[];
  /** Learners of the stream. */
  learners: LearnerInfo[];
  /** Reason why the stream, or part of it, is not monitored; absent if all of it is monitored. */
  unwatched?: string;
  /** The clock of the device; absent if it sends no times. */
  clock?: ClockInfo;
  /** Notes on assumptions and doubtful properties of the stream, one sentence each; absent if there are none. */
  notes?: string[];
}

const labels = v.array(v.string());
const mapInfo: field.Schema<MapInfo> = v.object({
  index: field.place,
  name: v.string(),
  labels,
  rate: v.number(),
  unit: v.optional(v.string()),
  warmUp: v.number(),
  groupDelay: v.number(),
});
const learnerInfo: field.Schema<LearnerInfo> = v.pipe(
  v.object({
    index: field.place,
    name: v.string(),
    task: v.picklist(['forecast', 'target', 'reconstruct', 'cancel']),
    target: v.optional(v.string()),
    horizon: v.optional(v.number()),
    learning: v.boolean(),
    learningRate: v.optional(v.number()),
    step: v.optional(v.number()),
    channels: labels,
    outputs: labels,
    taps: v.number(),
    rate: v.number(),
    added: v.optional(v.boolean()),
  }),
  v.check(({ learningRate, step }) => (learningRate ?? step) !== undefined, 'a learner with a learningRate'),
  v.transform(({ learningRate, step, ...rest }) => ({
    ...rest,
    learningRate: learningRate ?? step ?? NaN,
    ...(step !== undefined && { step }),
  })),
);

/** Schema of a StreamInfo. */
export const streamInfo: field.Schema<StreamInfo> = v.object({
  name: field.name,
  channels: v.array(field.channel),
  rate: v.number(),
  run: field.run,
  next: field.index,
  live: v.boolean(),
  kind: v.optional(v.string()),
  for: v.optional(field.name),
  maps: v.array(mapInfo),
  learners: v.array(learnerInfo),
  unwatched: v.optional(v.string()),
  clock: v.optional(v.object({ kind: v.picklist(['epoch', 'monotonic']), unit: v.optional(v.picklist(timeUnits)) })),
  notes: v.optional(v.array(v.string())),
});
