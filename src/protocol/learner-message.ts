import * as v from 'valibot';
import * as field from './fields.ts';

/** The current kernels of a learner. */
export interface KernelsMessage {
  /** Message type. */
  type: 'kernels';
  /** The id of the subscription. */
  id: number;
  /** Index of the learner in the stream, from 0. */
  learner: number;
  /** Absolute index of the frame at which the kernels were read. */
  at: number;
  /** [out, taps, in]; tap 0 applies to the newest frame. */
  shape: [number, number, number];
  /** Weights in row-major order. */
  data: number[];
  /** Initial weights in the same shape; only in the first message of a subscription. */
  start?: number[];
}
/** The live score of a learner. Numbers are null until they are known. */
export interface LossMessage {
  /** Message type. */
  type: 'loss';
  /** The id of the subscription. */
  id: number;
  /** Index of the learner in the stream, from 0. */
  learner: number;
  /** Absolute index of the frame at which the score was read. */
  at: number;
  /** Squared error divided by the variance of the target. */
  nmse: number | null;
  /** 1 - nmse / persistence. */
  skill: number | null;
  /** The nmse of the baseline that predicts no change. */
  persistence: number | null;
  /** Root mean squared error, in the unit of the target. */
  rms: number | null;
  /** The nmse of the mean of the last 8 frames. */
  movingAverage?: number | null;
  /** The nmse of a constant plus a sine at the power-line frequency. */
  mains?: number | null;
  /** The nmse and the skill over all frames so far. */
  overall?: {
    /** Squared error divided by the variance of the target. */
    nmse: number | null;
    /** 1 - nmse / persistence. */
    skill: number | null;
  };
  /** The score of weights that were set aside, on later frames that they were not trained on. */
  holdout?: {
    /** Squared error divided by the variance of the target. */
    nmse: number | null;
    /** 1 - nmse / persistence. */
    skill: number | null;
    /** The nmse of the baseline on the same frames: that predicts no change, or for other tasks than 'forecast' the running mean. */
    persistence?: number | null;
    /** The nmse of the mean of the last 8 frames on the same frames. */
    movingAverage?: number | null;
    /** The nmse of a constant plus a sine at the power-line frequency on the same frames. */
    mains?: number | null;
    /** Number of scored frames so far. */
    frames: number;
  };
  /** Number of updates. */
  updates?: number;
  /** Number of outputs that were skipped in training, by reason. */
  refused?: Record<string, number>;
  /** Number of rollbacks to the last good weights. */
  rollbacks?: number;
}

const numberOrNull = v.nullable(v.number());

/** Schema of a KernelsMessage. */
export const kernelsMessage: field.Schema<KernelsMessage> = v.object({
  type: v.literal('kernels'),
  id: field.id,
  learner: field.place,
  at: field.index,
  shape: v.tuple([v.number(), v.number(), v.number()]),
  data: v.array(v.number()),
  start: v.optional(v.array(v.number())),
});

/** Schema of a LossMessage. */
export const lossMessage: field.Schema<LossMessage> = v.object({
  type: v.literal('loss'),
  id: field.id,
  learner: field.place,
  at: field.index,
  nmse: numberOrNull,
  skill: numberOrNull,
  persistence: numberOrNull,
  rms: numberOrNull,
  movingAverage: v.optional(numberOrNull),
  mains: v.optional(numberOrNull),
  overall: v.optional(v.object({ nmse: numberOrNull, skill: numberOrNull })),
  holdout: v.optional(
    v.object({
      nmse: numberOrNull,
      skill: numberOrNull,
      persistence: v.optional(numberOrNull),
      movingAverage: v.optional(numberOrNull),
      mains: v.optional(numberOrNull),
      frames: field.index,
    }),
  ),
  updates: v.optional(field.index),
  refused: v.optional(v.record(v.string(), field.index)),
  rollbacks: v.optional(field.index),
});
