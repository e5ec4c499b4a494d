import type { Windowing } from './windowing.ts';

/** How a layer's outputs follow its inputs in time. Frames and outputs are counted from absolute index 0. */
export interface Pace {
  /** `up` outputs come of every `stride` input frames. */
  readonly up: number;
  readonly stride: number;
  /** Input frames that one output sees, equation (3). */
  readonly receptiveField: number;
  /** How late the centre of the taps is, in input frames. */
  readonly delay: number;
  /** Input frames after which nothing that was before them is in sight. */
  readonly settlingFrames: number;
  /** The indexes of a settled stream can be moved on by any multiple of so many input frames. */
  readonly period: number;
  /** The input frame that output `index` hangs on. */
  readonly alignedFrame: (index: number) => number;
  /** How many outputs have come after `frames` input frames. */
  readonly outputsAfter: (frames: number) => number;
  /** How many input frames bring `outputs` outputs. */
  readonly framesFor: (outputs: number) => number;
}

/** One output for every frame, at once. */
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

/** Output n hangs on frame nS + f, and none comes before the frames that the padding waits for. */
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

/** One pace after the other: what a stack of layers does to time. */
export function chain(paces: readonly Pace[]): Pace {
  let [up, stride, receptiveField, delay, settle, period] = [1, 1, 1, 0, 0, 1];
  for (const pace of paces) {
    const scale = stride / up;
    receptiveField += (pace.receptiveField - 1) * scale;
    delay += pace.delay * scale;
    settle += Math.ceil(pace.settlingFrames * scale) + Math.ceil(scale);
    // the smallest number of input frames that brings this layer a whole number of its own periods
    const whole = (stride * pace.period) / gcd(up, stride * pace.period);
    period = (period * whole) / gcd(period, whole);
    up *= pace.up;
    stride *= pace.stride;
    const common = gcd(up, stride);
    up /= common;
    stride /= common;
  }
  period = (period * stride) / gcd(period, stride);
  return {
    up,
    stride,
    receptiveField,
    delay,
    settlingFrames: settle,
    period,
    alignedFrame: (index) => paces.reduceRight((frame, pace) => pace.alignedFrame(frame), index),
    outputsAfter: (frames) => paces.reduce((count, pace) => pace.outputsAfter(count), frames),
    framesFor: (outputs) => paces.reduceRight((count, pace) => pace.framesFor(count), outputs),
  };
}

/** The most outputs that one frame brings: of the first that brings any and of a whole period after it. */
export function maxOutputsPerFrame({ period, framesFor, outputsAfter }: Pace): number {
  const first = framesFor(1);
  let most = outputsAfter(first);
  for (let frames = first; frames < first + Math.min(period, 65536); frames++) {
    most = Math.max(most, outputsAfter(frames + 1) - outputsAfter(frames));
  }
  return most;
}

/** How many of `count` empty frames come once a stream has settled: whole periods, for which nothing need be computed. */
export function steadyFrames({ settlingFrames: settle, period }: Pace, count: number): number {
  const lived = settle + period;
  return count <= lived ? 0 : Math.floor((count - lived) / period) * period;
}

export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
