import * as v from 'valibot';
import * as field from './fields.ts';

/** A feature map network of a stream. */
export interface MapInfo {
  index: number;
  name: string;
  labels: string[];
  /** Its own frames a second. */
  rate: number;
  unit?: string;
  /** Its first frames that still see what was before the stream. */
  warmUp: number;
  /** How late the centre of its kernels is, in ms. */
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
  /** What it reads. */
  channels: string[];
  outputs: string[];
  taps: number;
  /** Frames a second of its kernels. */
  rate: number;
}

/** A published stream, as viewers are told of it. */
export interface StreamInfo {
  name: string;
  channels: field.ChannelInfo[];
  rate: number;
  run: number;
  /** The next index expected. */
  next: number;
  /** Whether a sensor is connected. */
  live: boolean;
  kind?: string;
  /** The stream that this one is the truth of. */
  for?: string;
  maps: MapInfo[];
  learners: LearnerInfo[];
  /** What of it raises no alarms, and why. */
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

/** The schema of a StreamInfo. */
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
