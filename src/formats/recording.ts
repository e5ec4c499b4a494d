import type { Block } from '../core/blocks/block.ts';
import type { ChannelType } from './channel-type.ts';

export { MissingRateError, ReadingError, type ReadingOption } from './reading-error.ts';

/** One channel of a recording, as in the file. */
export interface Channel {
  /** Label of the channel. */
  readonly label: string;
  /** Unit of the samples, such as µV; absent if unknown. */
  readonly unit?: string;
  /** Type of the channel; absent if neither its label nor the file determines it. */
  readonly type?: ChannelType;
}

/** Character encoding of a text file. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The content of a file: blocks in order, each at its absolute index. Where `start` jumps, frames are missing. */
export interface Recording {
  /** File format. */
  readonly format: 'csv' | 'openbci' | 'edf' | 'bdf' | 'gdf' | 'xdf' | 'brainvision' | 'wfdb';
  /** Character encoding of the file; absent for binary formats. */
  readonly encoding?: TextEncoding;
  /** Kind of signal, if the file determines it. */
  readonly kind?: string;
  /** Channels, in the order of the samples of a frame. */
  readonly channels: readonly Channel[];
  /** Sampling rate in Hz; of an irregular recording, the rate that is assumed where one is needed. */
  readonly rate: number;
  /** What determined the sampling rate: the options, the header of the file, or the times of its frames. Default: the header. */
  readonly rateSource?: 'options' | 'header' | 'times';
  /** Present if the time steps are irregular: each frame has its own time. */
  readonly irregular?: true;
  /** Time of frame 0 in ms since 1970; 0 if unknown. */
  readonly time: number;
  /** Present if the file contains no date: `time` is 0 or counts from an unknown origin. */
  readonly undated?: true;
  /** Present if the file contains no time zone: `time` is local time, read as UTC. */
  readonly localTime?: true;
  /** Samples, in order of their frames. */
  readonly blocks: readonly Block[];
  /** Frames in the blocks. */
  readonly frames: number;
  /** Missing frames between the blocks. */
  readonly lost: number;
  /**
   * Indexes of the first frames of later segments, which follow a pause longer than `maxGap` or a clock that was set. One
   * index before each is skipped, so that no output spans two segments; `lost` does not count it.
   */
  readonly segments?: readonly number[];
  /** Columns that look like labels of anomalies or classes and are skipped by default. */
  readonly labelColumns?: readonly string[];
  /** Events in the order of `time`; absent if the format has none. */
  readonly marks?: readonly RecordedMark[];
  /** Sentences on what was skipped or assumed, such as signals with another rate or a truncated end. */
  readonly notes?: readonly string[];
  /** Places of the columns of each role among the channels. */
  readonly roles?: Readonly<Record<string, readonly number[]>>;
}

/** An event of a recording: an annotation or a trigger. */
export interface RecordedMark {
  /** Frame nearest to the start; it can be in a gap, before frame 0, or after the last frame. */
  readonly at: number;
  /** Time of the start in ms, on the clock of the `time` of the recording; not rounded to frames. */
  readonly time: number;
  /** Text of the event. */
  readonly label: string;
  /** Duration in frames; absent if it rounds to 0. */
  readonly frames?: number;
  /** Duration in ms, not rounded to frames; absent for an instant. */
  readonly duration?: number;
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
  /** Unit of a numeric time column of a text file: s, ms, us, ns, min, h, d, or a common spelling. Default: determined. */
  readonly timeUnit?: string;
  /**
   * Format of the time column of a text file, made of YYYY YY MM DD HH hh mm ss S (fraction) A (AM or PM) Z (zone) and other
   * text: `DD/MM/YYYY HH:mm`. A date and a time in two columns are separated by a space. Default: determined.
   */
  readonly timeFormat?: string;
  /** Sort the rows of a text file by time. Default: false. */
  readonly sort?: boolean;
  /** Column of a text file that names the source of each row: every source has its own channels. */
  readonly series?: string | number;
  /** Number of lines to skip at the start of a text file. Default: 0. */
  readonly skip?: number;
  /** Longest gap in s; a longer one is noted and starts a new segment. Default: 86,400. */
  readonly maxGap?: number;
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
