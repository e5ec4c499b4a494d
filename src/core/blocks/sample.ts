import { timeOf, type Block } from './block.ts';

/** Information about the source of a sample or an epoch, as in eeg-pipes. */
export interface SampleInfo {
  /** Sampling rate in Hz. */
  samplingRate?: number;
  /** One name per channel. */
  channelNames?: string[];
  [key: string]: unknown;
}

/** One frame, as emitted by eeg-pipes, ganglion-ble, Neurosity, and muse-js (after `zipSamples`). */
export interface Sample {
  /** One number per channel. */
  data: number[];
  /** Time of the sample, in ms since 1970. Other units and clocks are recognized, see `StampScale`. */
  timestamp: number;
  /** Information about the source, if the device provides it. */
  info?: SampleInfo;
  /** muse-js: number of the reading, shared by its 12 samples. Wraps at 65536. */
  index?: number;
  /** The device's own sample counter. Wraps around. */
  count?: number;
  /** The same counter under OpenBCI's name (ganglion-ble). */
  sampleNumber?: number;
}

/** Several frames, channel by channel, as emitted by eeg-pipes and Neurosity. */
export interface Epoch {
  /** data[channel][frame]. */
  data: number[][];
  /** Information about the source and the first frame. */
  info: SampleInfo & {
    /** Sampling rate in Hz. */
    samplingRate: number;
    /** Time of the first frame, in ms since 1970. */
    startTime: number;
  };
}

/** Several samples of one electrode, as emitted by `eegReadings` of muse-js. */
export interface Reading {
  /** The channel, from 0. */
  electrode: number;
  /** Time of the reading, in ms since 1970. */
  timestamp: number;
  /** Samples of the electrode, oldest first. */
  samples: number[];
  /** Number of the reading, shared by the electrodes. Wraps at 65536. */
  index?: number;
}

/** Returns the frames of a block as samples. Timestamps follow the block's clock. */
export function samplesOf(block: Block, info: SampleInfo = {}): Sample[] {
  const { data, channels, start, rate } = block;
  return Array.from({ length: data.length / channels }, (_, i) => ({
    data: Array.from(data.subarray(i * channels, (i + 1) * channels)),
    timestamp: timeOf(block, start + i),
    info: { ...info, samplingRate: rate },
  }));
}

/** Returns a block as one epoch: its frames transposed to one row per channel. */
export function epochOf({ data, channels, rate, time }: Block, info: SampleInfo = {}): Epoch {
  const frames = data.length / channels;
  const rows = Array.from({ length: channels }, (_, c) =>
    Array.from({ length: frames }, (_, i) => data[i * channels + c]),
  );
  return { data: rows, info: { ...info, samplingRate: rate, startTime: time } };
}
