import { timeOf, type Block } from './block.ts';

/** What eeg-pipes tells about the source of a sample or an epoch. */
export interface SampleInfo {
  /** Frames a second, in Hz. */
  samplingRate?: number;
  channelNames?: string[];
  [key: string]: unknown;
}

/** One frame as eeg-pipes, ganglion-ble, Neurosity and muse-js (after `zipSamples`) emit it. */
export interface Sample {
  /** One number a channel. */
  data: number[];
  /** When it was taken, in ms since 1970. */
  timestamp: number;
  info?: SampleInfo;
  /** muse-js: the number of the reading it came in, shared by all 12 samples of that reading; wraps at 65536. */
  index?: number;
  /** The device's own count of samples; wraps. */
  count?: number;
  /** The same as OpenBCI's libraries name it (ganglion-ble). */
  sampleNumber?: number;
}

/** Several frames as eeg-pipes and Neurosity emit them, channel by channel. */
export interface Epoch {
  /** data[channel][frame]. */
  data: number[][];
  info: SampleInfo & { samplingRate: number; /** Time of the first frame, in ms since 1970. */ startTime: number };
}

/** Some samples of one electrode, as muse-js's `eegReadings` emits them. */
export interface Reading {
  /** The channel, from 0. */
  electrode: number;
  timestamp: number;
  samples: number[];
  /** The number of the reading, shared by the electrodes; wraps at 65536. */
  index?: number;
}

/** The frames of a block as samples; times by the block's clock. */
export function samplesOf(block: Block, info: SampleInfo = {}): Sample[] {
  const { data, channels, start, rate } = block;
  return Array.from({ length: data.length / channels }, (_, i) => ({
    data: Array.from(data.subarray(i * channels, (i + 1) * channels)),
    timestamp: timeOf(block, start + i),
    info: { ...info, samplingRate: rate },
  }));
}

/** A block as one epoch: its frames turned into rows, one a channel. */
export function epochOf({ data, channels, rate, time }: Block, info: SampleInfo = {}): Epoch {
  const frames = data.length / channels;
  const rows = Array.from({ length: channels }, (_, c) =>
    Array.from({ length: frames }, (_, i) => data[i * channels + c]),
  );
  return { data: rows, info: { ...info, samplingRate: rate, startTime: time } };
}
