import { fields, invalid, list } from '../check.ts';

/** Consecutive frames of one stream and their position in it. The recipient of a block owns its `data`. */
export interface Block {
  /**
   * Samples, [frames, channels], frame by frame. The array can be a view of a buffer that other blocks share. Send a copy
   * to other threads, because a message clones or transfers the whole buffer.
   */
  readonly data: Float32Array;
  /** Number of channels per frame, >= 1. */
  readonly channels: number;
  /** Absolute index of the first frame in its stream. */
  readonly start: number;
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  /** Time of the first frame in ms since 1970; in a derived block, of the frame that the first output is aligned with. */
  readonly time: number;
  /** One byte per frame: 1 = all samples that the frame depends on are real. Absent = all frames are valid. */
  readonly valid?: Uint8Array;
}

/** The position of a block that `block` makes. */
export interface BlockOptions {
  /** Number of channels per frame, >= 1. */
  channels: number;
  /** Sampling rate in Hz; 0 = irregular. */
  rate: number;
  /** Absolute index of the first frame. Default 0. */
  start?: number;
  /** Time of the first frame in ms since 1970. Default: that of frame `start` if frame 0 was taken at time 0. */
  time?: number;
  /** One byte per frame: 1 = valid. Default: all frames are valid. */
  valid?: Uint8Array;
}

/**
 * Makes a block of samples, [frames, channels], frame by frame. A Float32Array becomes part of the block without a copy.
 *
 *     block([1, 10, 2, 20], { channels: 2, rate: 250 })   // two frames of two channels
 *
 * @throws RangeError or TypeError if the number of samples is not a multiple of `channels`, or an option is out of range
 */
export function block(samples: ArrayLike<number>, options: BlockOptions): Block {
  const { channels, rate, start = 0, valid } = fields('options', options, '{ channels, rate, start?, time?, valid? }');
  const data = samples instanceof Float32Array ? samples : Float32Array.from(list('samples', samples));
  const time = options.time ?? (rate > 0 ? (start * 1000) / rate : 0);
  const made: Block = { data, channels, start, rate, time, ...(valid && { valid }) };
  checkBlock(made);
  return made;
}

/** The latest time that a Date can hold, in ms since 1970; the earliest is its negative. */
const maxTime = 8.64e15;
const timeRule = `a number of ms since 1970 within ±${maxTime}`;

/** Number of frames in a block. */
export function frameCount(block: Block): number {
  return block.data.length / block.channels;
}

/** Time of frame `index` (absolute) in ms, by the block's own clock. With an irregular rate: the block's time. */
export function timeOf(block: Block, index: number): number {
  return block.rate > 0 ? block.time + ((index - block.start) * 1000) / block.rate : block.time;
}

/**
 * Checks a block: channels >= 1, whole frames, start >= 0, first and last time within the range of Date, and one validity
 * byte per frame.
 *
 * @throws RangeError or TypeError that names the field
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
  if (!(last <= maxTime)) throw invalid('time of the last frame of block', timeRule, last);
  if (valid && valid.length !== data.length / channels)
    throw invalid('block.valid.length', `${data.length / channels}, one byte per frame`, valid.length);
}
