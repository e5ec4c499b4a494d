import * as v from 'valibot';
import * as field from './fields.ts';

/** A feature map network of a stream. */
export interface MapInfo {
  index: number;
  name: string;
  labels: string[];
  /** Frame rate of its outputs in Hz. */
  rate: number;
  unit?: string;
  /** Number of first outputs whose receptive field extends to before the stream started. */
  warmUp: number;
  /** Group delay in ms. */
  groupDelay: number;
}

/** A learner of a stream. */
export interface LearnerInfo {
  index: number;
  name: string;
  task: 'forecast' | 'target';
  learning: boolean;
  /** Learning rate (µ). */
  learningRate: number;
  /** @deprecated Read `learningRate`. Sent for one more version. */
  step?: number;
  /** Labels of its input channels. */
  channels: string[];
  /** Labels of its outputs. */
  outputs: string[];
  /** Kernel length in frames. */
  taps: number;
  /** Frame rate of its kernels in Hz. */
  rate: number;
}

/** Description of a stream for viewers. */
export interface StreamInfo {
  name: string;
  channels: field.ChannelInfo[];
  rate: number;
  run: number;
  /** Next index expected. */
  next: number;
  /** Whether a sensor is connected. */
  live: boolean;
  kind?: string;
  /** The stream that this stream is the target of. */
  for?: string;
  maps: MapInfo[];
  learners: LearnerInfo[];
  /** Which part of the stream raises no alarms, and why. */
  unwatched?: string;
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
    task: v.picklist(['forecast', 'target']),
    learning: v.boolean(),
    learningRate: v.optional(v.number()),
    step: v.optional(v.number()),
    channels: labels,
    outputs: labels,
    taps: v.number(),
    rate: v.number(),
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
});
