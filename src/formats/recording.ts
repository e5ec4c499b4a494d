import type { Block } from '../core/blocks/block.ts';

/** One channel of a recording, as in the file. */
export interface Channel {
  /** Label of the channel. */
  readonly label: string;
  /** Unit of the samples, such as µV; absent if unknown. */
  readonly unit?: string;
}

/** The content of a file: blocks in order, each at its absolute index. Where `start` jumps, frames are missing. */
export interface Recording {
  /** File format. */
  readonly format: 'csv' | 'openbci' | 'edf' | 'bdf' | 'gdf' | 'xdf' | 'brainvision' | 'wfdb';
  /** Kind of signal, if the file determines it. */
  readonly kind?: 'eeg';
  /** Channels, in the order of the samples of a frame. */
  readonly channels: readonly Channel[];
  /** Sampling rate in Hz. */
  readonly rate: number;
  /** Time of frame 0 in ms since 1970; 0 if unknown. */
  readonly time: number;
  /** Present if the file contains no time zone: `time` is local time, read as UTC. */
  readonly localTime?: true;
  /** Samples, in order of their frames. */
  readonly blocks: readonly Block[];
  /** Frames in the blocks. */
  readonly frames: number;
  /** Missing frames between the blocks. */
  readonly lost: number;
  /** Events, in the order of `at`; absent if the format has none. */
  readonly marks?: readonly RecordedMark[];
  /** Sentences on what was skipped or assumed, such as signals with another rate or a truncated end. */
  readonly notes?: readonly string[];
  /** Places of the columns of each role among the channels. */
  readonly roles?: Readonly<Record<string, readonly number[]>>;
}

/** An event of a recording: an annotation or a trigger. */
export interface RecordedMark {
  /** Frame of the start; it can be in a gap, before frame 0, or after the last frame. */
  readonly at: number;
  /** Text of the event. */
  readonly label: string;
  /** Duration in frames; absent for an instant. */
  readonly frames?: number;
}

/** Options of readers. */
export interface ReadOptions {
  /**
   * Columns to read, each once: names, numbers from 1 by their order in the file, or ranges ('2-9'). A name takes precedence
   * over a number. Default: depends on the format.
   */
  readonly columns?: readonly (string | number)[];
  /** Columns with a role, such as the target of a learner, specified in the same way. They are read too. */
  readonly roles?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Sampling rate in Hz; takes precedence over the file. */
  readonly rate?: number;
}

/** A file that belongs to a recording, in the directory of its header. */
export interface CompanionFile {
  /** Name of the file in the header, without its directory. */
  readonly name: string;
  /** Extension, such as `.eeg`, of a file named like the header, which is read if `name` does not exist. */
  readonly extension: string;
  /** Whether the recording can be read without it. */
  readonly optional: boolean;
}

/** Reads a recording from bytes that arrive in pieces of any size. */
export interface RecordingReader {
  /** Reads the next bytes of the file. Throws if the content is not a valid recording. */
  push(bytes: Uint8Array): void;
  /**
   * Ends the file and returns the next file of the recording; undefined after the last one. Push its bytes, or none if it
   * does not exist, and call `next` again. Only formats with several files need it (BrainVision, WFDB).
   */
  next?(): CompanionFile | undefined;
  /** Ends the file and returns its content. Throws if another file is required. */
  end(): Recording;
}

/** Reads a whole file from bytes or from a string. */
export function readWhole(reader: RecordingReader, content: string | Uint8Array): Recording {
  reader.push(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return reader.end();
}

/** Thrown if neither a recording nor the options determine the sampling rate. */
export class MissingRateError extends Error {
  /** A sentence on why the recording does not determine it. */
  readonly reason: string;

  constructor(reason: string) {
    super(`${reason} Set the sampling rate with the option rate (Hz).`);
    this.name = 'MissingRateError';
    this.reason = reason;
  }
}
