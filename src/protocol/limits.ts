/** What one end lets the other make it hold. */
export interface Limits {
  /** Bytes of one message. */
  maxPayload: number;
  /** Channels of one stream. */
  maxChannels: number;
}

/** The limits of a server that was not told others. */
export const defaultLimits: Limits = { maxPayload: 1 << 20, maxChannels: 1024 };

/** The slowest rate that a stream may have, in Hz (a frame in eleven days), beside 0; and the fastest. */
export const minRate = 1e-6;
export const maxRate = 1e9;

/** The farthest that a time may lie from 1970, in ms, either way: where a Date ends. */
export const maxTime = 8.64e15;

/** The farthest that an index may lie ahead of the next one expected, in frames (half a year at 250 Hz). */
export const maxGap: number = 2 ** 32;
