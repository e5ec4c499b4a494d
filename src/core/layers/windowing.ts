import { integer, invalid, oneOf } from '../check.ts';
import { lineCapacity } from '../memory/delay-line.ts';

/** Where outputs hang, as the `mode` column of the design has it; [left, right] counts the padding on either side. */
export type Mode = 'causal' | 'valid' | 'same' | 'full' | readonly [left: number, right: number];

/** What taps see before the first frame and, where there is a tail, after the last. */
export type Padding = 'zeros' | 'constant' | 'edge' | 'mean' | 'median' | 'reflect' | 'symmetric' | 'wrap';

const paddings = ['zeros', 'constant', 'edge', 'mean', 'median', 'reflect', 'symmetric', 'wrap'] as const;

export interface WindowSpec {
  kernelSize: number;
  stride?: number;
  dilation?: number;
  phase?: number;
  mode?: Mode;
  padding?: Padding;
  /** What 'constant' padding is filled with. */
  padValue?: number;
  /** Nearest frames that 'mean' and 'median' look at. Default: all, for whole recordings only. */
  statLength?: number;
  /** Frames after which 'wrap' comes round. Default: all, for whole recordings only. */
  period?: number;
}

/** How a layer walks over its input: output n hangs on frame n·stride + anchor. All counts are in input frames. */
export interface Windowing {
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  /** f: the frame that output 0 hangs on. */
  readonly anchor: number;
  /** (K - 1) D + 1, equation (3). */
  readonly receptiveField: number;
  /** Frames of padding before the first one that output 0 sees. */
  readonly head: number;
  /** Frames of padding after the last one, seen at flush. */
  readonly tail: number;
  readonly padding: Padding;
  readonly padValue: number;
  readonly statLength: number;
  readonly period: number;
  /** Frames that must have come before the padding is known, and so before any output; Infinity = the whole recording. */
  readonly wait: number;
  /** The newest frames that the padding after the last one is made of. */
  readonly tailSources: number;
  /** The newest frames whose gradient is open until the end, because the tail could still copy them. */
  readonly heldGradients: number;
  /** Frames that the delay line has room for beside those it keeps, where that is more than usual. */
  readonly block?: number;
}

/** Checks a window's numbers and works out its anchor and tail. Throws RangeError or TypeError that name the field. */
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

/** Frames that a delay line for such windows keeps; where a padding looks at the whole recording it grows from there. */
export function keptFrames({ receptiveField, head, wait, tailSources: sources }: Windowing): number {
  const kept = Math.max(receptiveField - 1, head + wait, sources);
  return kept === Infinity ? receptiveField - 1 : kept;
}

/** Frames that a delay line for such windows has room for. */
export function windowLineCapacity(windowing: Windowing): number {
  return lineCapacity(keptFrames(windowing), windowing.block);
}

function paddingFrames(spec: WindowSpec, left: number, tail: number) {
  const padding = oneOf('padding', spec.padding ?? 'zeros', paddings);
  const padValue = padding === 'constant' ? (spec.padValue ?? 0) : 0;
  if (!Number.isFinite(padValue)) throw invalid('padValue', 'a finite number', padValue);
  const head = Math.max(0, left);
  const padded = head + tail > 0;
  const averages = padded && (padding === 'mean' || padding === 'median');
  const wraps = padded && padding === 'wrap';
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
  const hold = tail > 0 ? holds[padding] : 0;
  const copies = tail > 0 && padding !== 'zeros' && padding !== 'constant';
  const sources = copies ? Math.max(tail + 1, statLength, period) : 0;
  return { head, tail, padding, padValue, statLength, period, wait, hold, sources };
}

/** Frames that a padding looks at; Infinity = all of them, which only a whole recording can tell. */
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
