/** Limits on what a peer may send. */
export interface Limits {
  /** Maximum size of a message in bytes. */
  maxPayload: number;
  /** Maximum size of a text message, and of the body of an HTTP request, in bytes. */
  maxText: number;
  /** Maximum number of channels per stream. */
  maxChannels: number;
}

/** Default limits of a server. */
export const defaultLimits: Limits = { maxPayload: 1 << 20, maxText: 256 << 10, maxChannels: 1024 };

/** Lowest sampling rate of a stream in Hz (one frame in eleven days), apart from 0. */
export const minRate = 1e-6;
/** Highest sampling rate of a stream in Hz. */
export const maxRate = 1e9;

/** Largest absolute time in ms since 1970: the range of a Date. */
export const maxTime = 8.64e15;

/** Largest gap before a frame, in frames (half a year at 250 Hz). */
export const maxGap: number = 2 ** 32;
