import { fields, invalid } from '../check.ts';

/** Consecutive frames of one stream, and where they lie. `data` belongs to whoever receives the block. */
export interface Block {
  /** Samples, [frames, channels], frame after frame. */
  readonly data: Float32Array;
  readonly channels: number;
  /** Absolute index of the first frame in its stream. */
  readonly start: number;
  /** Frames a second, in Hz; 0 = irregular. */
  readonly rate: number;
  /** When the first frame was taken, in ms since 1970; of a derived block: the frame that its first output hangs on. */
  readonly time: number;
  /** One byte a frame, 1 = every sample behind it is real; absent = all are. */
  readonly valid?: Uint8Array;
}

/** The latest time that a Date reaches, in ms since 1970; the earliest is as far before it. */
const maxTime = 8.64e15;
const timeRule = `a number of ms since 1970 within ±${maxTime}`;

/** How many frames a block holds. */
export function frameCount(block: Block): number {
  return block.data.length / block.channels;
}

/** The time of frame `index` (absolute) by the block's own clock, in ms. With an irregular rate: the block's time. */
export function timeOf(block: Block, index: number): number {
  return block.rate > 0 ? block.time + ((index - block.start) * 1000) / block.rate : block.time;
}

/**
 * Throws unless `block` is whole: channels >= 1, whole frames, a start >= 0, a time that a Date reaches, of its last frame
 * too, and as many validity bytes as frames.
 */
export function checkBlock(block: Block): void {
  const { data, channels, start, rate, time, valid } = fields('block', block, 'a Block');
  if (!(data instanceof Float32Array)) throw invalid('block.data', 'a Float32Array', data, TypeError);
  if (!Number.isInteger(channels) || channels < 1) throw invalid('block.channels', 'an integer >= 1', channels);
  if (data.length % channels !== 0)
    throw invalid('block.data.length', `a multiple of its ${channels} channels`, data.length);
  if (!Number.isSafeInteger(start) || start < 0) throw invalid('block.start', 'an integer >= 0', start);
  if (typeof rate !== 'number') throw invalid('block.rate', 'a number >= 0 in Hz', rate, TypeError);
  if (!(rate >= 0 && rate < Infinity)) throw invalid('block.rate', 'a number >= 0 in Hz', rate);
  if (typeof time !== 'number') throw invalid('block.time', timeRule, time, TypeError);
  if (!(Math.abs(time) <= maxTime)) throw invalid('block.time', timeRule, time);
  const last = data.length > 0 ? timeOf(block, start + frameCount(block) - 1) : time;
  if (!(last <= maxTime)) throw invalid('the time of the last frame of block', timeRule, last);
  if (valid && valid.length !== data.length / channels)
    throw invalid('block.valid.length', `its ${data.length / channels} frames`, valid.length);
}
