import type { Windowing } from './windowing.ts';

/** The timing of a layer's outputs relative to its inputs. Frames and outputs are counted from absolute index 0. */
export interface Pace {
  /** Number of outputs per `stride` input frames: 1 unless the layer upsamples. */
  readonly up: number;
  /** Number of input frames per `up` outputs. */
  readonly stride: number;
  /** Input frames that one output depends on, equation (3). */
  readonly receptiveField: number;
  /** Distance from the newest tap to the center of the taps, in input frames. */
  readonly delay: number;
  /** Number of input frames after which outputs no longer depend on anything earlier. */
  readonly settlingFrames: number;
  /** The indexes of a settled stream can be increased by any multiple of this many input frames. */
  readonly period: number;
  /** Returns the input frame that output `index` is aligned with. */
  readonly alignedFrame: (index: number) => number;
  /** Returns the number of outputs emitted after `frames` input frames. */
  readonly outputsAfter: (frames: number) => number;
  /** Returns the number of input frames after which `outputs` outputs have been emitted. */
  readonly framesFor: (outputs: number) => number;
}

/** The pace of a layer that emits one output for every frame, immediately. */
export const identityPace: Pace = {
  up: 1,
  stride: 1,
  receptiveField: 1,
  delay: 0,
  settlingFrames: 0,
  period: 1,
  alignedFrame: (index) => index,
  outputsAfter: (frames) => frames,
  framesFor: (outputs) => outputs,
};

/**
 * Returns the pace of a layer with windows: output n is aligned with frame nS + f and waits for the frames that the
 * padding needs.
 */
export function windowPace({ stride, anchor, receptiveField, wait }: Windowing): Pace {
  return {
    up: 1,
    stride,
    receptiveField,
    delay: (receptiveField - 1) / 2,
    settlingFrames: receptiveField + wait,
    period: stride,
    alignedFrame: (index) => index * stride + anchor,
    outputsAfter: (frames) => (frames < wait ? 0 : Math.max(0, Math.floor((frames - 1 - anchor) / stride) + 1)),
    framesFor: (outputs) => (outputs === 0 ? 0 : Math.max(wait, (outputs - 1) * stride + anchor + 1)),
  };
}

/** Returns the combined pace of several layers in sequence. */
export function chain(paces: readonly Pace[]): Pace {
  let [up, stride, receptiveField, delay, settle, period] = [1, 1, 1, 0, 0, 1];
  for (const pace of paces) {
    const scale = stride / up;
    receptiveField += (pace.receptiveField - 1) * scale;
    delay += pace.delay * scale;
    settle += Math.ceil(pace.settlingFrames * scale) + Math.ceil(scale);
    // the smallest number of input frames that gives this layer a whole number of its periods
    const whole = (stride * pace.period) / gcd(up, stride * pace.period);
    period = (period * whole) / gcd(period, whole);
    up *= pace.up;
    stride *= pace.stride;
    const common = gcd(up, stride);
    up /= common;
    stride /= common;
  }
  period = (period * stride) / gcd(period, stride);
  const combined = { up, stride, receptiveField, delay, settlingFrames: settle, period };
  const moving = paces.filter((pace) => pace !== identityPace);
  if (moving.length <= 1) {
    const { alignedFrame, outputsAfter, framesFor } = moving.length === 1 ? moving[0] : identityPace;
    return { ...combined, alignedFrame, outputsAfter, framesFor };
  }
  return {
    ...combined,
    alignedFrame: (index) => moving.reduceRight((frame, pace) => pace.alignedFrame(frame), index),
    outputsAfter: (frames) => moving.reduce((count, pace) => pace.outputsAfter(count), frames),
    framesFor: (outputs) => moving.reduceRight((count, pace) => pace.framesFor(count), outputs),
  };
}

/** Returns the maximum number of outputs per frame, over the first output and one period after it. */
export function maxOutputsPerFrame({ period, framesFor, outputsAfter }: Pace): number {
  const first = framesFor(1);
  let largest = outputsAfter(first);
  for (let frames = first; frames < first + Math.min(period, 65536); frames++) {
    largest = Math.max(largest, outputsAfter(frames + 1) - outputsAfter(frames));
  }
  return largest;
}

/**
 * Returns the number of frames in a gap of `count` that follow once the stream has settled. They are whole periods and
 * need no computation.
 */
export function steadyFrames({ settlingFrames, period }: Pace, count: number): number {
  const settled = settlingFrames + period;
  return count <= settled ? 0 : Math.floor((count - settled) / period) * period;
}

/** Returns the greatest common divisor. */
export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
