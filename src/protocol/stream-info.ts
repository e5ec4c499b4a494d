import * as v from 'valibot';
import * as field from './fields.ts';

const labels = v.array(v.string());

/** A feature map network of a stream. */
export const mapInfo = v.object({
  index: field.place,
  name: v.string(),
  labels,
  /** Its own frames a second. */
  rate: v.number(),
  unit: v.optional(v.string()),
  /** Its first frames that still see what was before the stream. */
  warmUp: v.number(),
  /** How late the centre of its kernels is, in ms. */
  groupDelay: v.number(),
});

/** A learner of a stream. */
export const learnerInfo = v.object({
  index: field.place,
  name: v.string(),
  task: v.picklist(['forecast', 'target']),
  learning: v.boolean(),
  /** Its step size, mu. */
  step: v.number(),
  /** What it reads. */
  channels: labels,
  outputs: labels,
  taps: v.number(),
  rate: v.number(),
});

/** A published stream, as viewers are told of it. */
export const streamInfo = v.object({
  name: field.name,
  channels: v.array(field.channel),
  rate: v.number(),
  run: field.run,
  next: field.index,
  /** Whether a sensor is connected. */
  live: v.boolean(),
  kind: v.optional(v.string()),
  /** The stream that this one is the truth of. */
  for: v.optional(field.name),
  maps: v.array(mapInfo),
  learners: v.array(learnerInfo),
});

export type MapInfo = v.InferOutput<typeof mapInfo>;
export type LearnerInfo = v.InferOutput<typeof learnerInfo>;
export type StreamInfo = v.InferOutput<typeof streamInfo>;
