import { integer, invalid, oneOf } from '../check.ts';
import { lineCapacity } from '../memory/delay-line.ts';

/**
 * The alignment of outputs with input frames. 'causal': output n is aligned with frame nS + phase. 'valid': complete
 * windows only. 'same' and 'full': like numpy.convolve. [left, right]: number of padding frames on each side.
 */
export type Mode = 'causal' | 'valid' | 'same' | 'full' | readonly [left: number, right: number];

/**
 * The values that taps read before the first frame and, if there is a tail, after the last. Except for 'zeros', the
 * names are those of numpy.pad.
 */
export type Padding = 'zeros' | 'constant' | 'edge' | 'mean' | 'median' | 'reflect' | 'symmetric' | 'wrap';

const paddings = ['zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'] as const;

/** The fields of a spec that determine a layer's windows. */
export interface WindowSpec {
  /** K: number of taps, >= 1. */
  kernelSize: number;
  /** S: input frames per output, >= 1. Default 1. */
  stride?: number;
  /** D: distance between adjacent taps in frames, >= 1. Default 1. */
  dilation?: number;
  /** f: the input frame that output 0 is aligned with, 0 … S - 1. For mode 'causal' only. Default 0. */
  phase?: number;
  /** The alignment of outputs with input frames. Default 'causal'. */
  mode?: Mode;
  /** The padding around the recording. Default 'zeros'. */
  padding?: Padding;
  /** Value of 'constant' padding. Default 0. */
  padValue?: number;
  /** Number of nearest frames for 'mean' and 'median'. Default: all frames, for whole recordings only. */
  statLength?: number;
  /** Period of 'wrap' in frames. Default: all frames, for whole recordings only. */
  period?: number;
}

/** The windows of a layer: output n is aligned with frame n·stride + anchor. All counts are in input frames. */
export interface Windowing {
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  /** f: the frame that output 0 is aligned with. */
  readonly anchor: number;
  /** (K - 1) D + 1, equation (3). */
  readonly receptiveField: number;
  /** Padding frames before frame 0 that output 0 reads. */
  readonly head: number;
  /** Padding frames after the last frame, read at flush. */
  readonly tail: number;
  readonly padding: Padding;
  readonly padValue: number;
  readonly statLength: number;
  readonly period: number;
  /** Frames that must arrive before the padding is known, and so before any output. Infinity: the whole recording. */
  readonly wait: number;
  /** The number of newest frames that the padding after the last frame is computed from. */
  readonly tailSources: number;
  /** The number of newest frames whose gradient is not final before flush, because the tail could still copy them. */
  readonly heldGradients: number;
  /** Free frames of the delay line, if more than the default. */
  readonly block?: number;
}

/** Checks a window spec and computes its anchor and tail. Throws RangeError or TypeError with the name of the field. */
export function windowing(spec: WindowSpec): Windowing {
  const kernelSize = integer('kernelSize', spec.kernelSize, 1);
  const stride = integer('stride', spec.stride ?? 1, 1);
  const dilation = integer('dilation', spec.dilation ?? 1, 1);
  const reach = (kernelSize - 1) * dilation;
  const { anchor, tail } = alignment(spec, reach, stride);
  return {
    kernelSize,
    stride,
    dilation,
    anchor,
    receptiveField: reach + 1,
    ...paddingFrames(spec, reach - anchor, tail),
  };
}

/**
 * Returns how many frames a delay line for such windows keeps. If the padding needs the whole recording, the line
 * grows.
 */
export function keptFrames({ receptiveField, head, wait, tailSources }: Windowing): number {
  const kept = Math.max(receptiveField - 1, head + wait, tailSources);
  return kept === Infinity ? receptiveField - 1 : kept;
}

/** Returns the initial capacity of a delay line for such windows, in frames. */
export function windowLineCapacity(windowing: Windowing): number {
  return lineCapacity(keptFrames(windowing), windowing.block);
}

function paddingFrames(spec: WindowSpec, left: number, tail: number) {
  const padding = oneOf('padding', spec.padding ?? 'zeros', paddings);
  const padValue = padding === 'constant' ? (spec.padValue ?? 0) : 0;
  if (!Number.isFinite(padValue)) throw invalid('padValue', 'a finite number', padValue);
  const head = Math.max(0, left);
  const isPadded = head + tail > 0;
  const averages = isPadded && (padding === 'mean' || padding === 'median');
  const wraps = isPadded && padding === 'wrap';
  const statLength = averages ? frameCountOrAll('statLength', spec.statLength) : 0;
  const period = wraps ? frameCountOrAll('period', spec.period) : 0;
  const waits = {
    zeros: 0,
    constant: 0,
    edge: 1,
    mean: statLength,
    median: statLength,
    reflect: head + 1,
    symmetric: head,
    wrap: period,
  };
  const holds = {
    zeros: 0,
    constant: 0,
    edge: 1,
    mean: 0,
    median: 0,
    reflect: tail + 1,
    symmetric: tail,
    wrap: period,
  };
  const whole = statLength === Infinity || period === Infinity;
  const wait = whole ? Infinity : head > 0 ? waits[padding] : 0;
  const heldGradients = tail > 0 ? holds[padding] : 0;
  const copies = tail > 0 && padding !== 'zeros' && padding !== 'constant';
  const tailSources = copies ? Math.max(tail + 1, statLength, period) : 0;
  return { head, tail, padding, padValue, statLength, period, wait, heldGradients, tailSources };
}

/** Checks a number of frames. Returns Infinity, for all frames of a whole recording, if it is not given. */
function frameCountOrAll(name: string, frames: number | undefined): number {
  return frames === undefined ? Infinity : integer(name, frames, 1);
}

function alignment(
  { mode = 'causal', phase }: WindowSpec,
  reach: number,
  stride: number,
): { anchor: number; tail: number } {
  if (phase !== undefined && mode !== 'causal') throw invalid('phase', "absent unless mode is 'causal'", phase);
  if (Array.isArray(mode)) {
    const [left, right] = mode as [unknown, unknown];
    for (const [name, side] of [
      ['mode[0]', left],
      ['mode[1]', right],
    ] as const) {
      if (integer(name, side, 0) > reach) throw invalid(name, `<= (kernelSize - 1) * dilation = ${reach}`, side);
    }
    return { anchor: reach - (left as number), tail: right as number };
  }
  const name = oneOf('mode', mode, ['causal', 'valid', 'same', 'full']);
  const half = Math.floor(reach / 2);
  if (name === 'valid') return { anchor: reach, tail: 0 };
  if (name === 'same') return { anchor: half, tail: half };
  if (name === 'full') return { anchor: 0, tail: reach };
  const anchor = integer('phase', phase ?? 0, 0);
  if (anchor >= stride) throw invalid('phase', `< stride = ${stride}`, phase);
  return { anchor, tail: 0 };
}
