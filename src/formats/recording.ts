import type { Block } from '../core/blocks/block.ts';

/** One channel of a recording, as the file names it. */
export interface Channel {
  readonly label: string;
  readonly unit?: string;
}

/** What a file holds: blocks in order, each at its absolute index; where `start` jumps, frames are missing. */
export interface Recording {
  readonly format: 'csv' | 'openbci' | 'edf' | 'bdf' | 'gdf';
  /** What it is a recording of, where the format tells. */
  readonly kind?: 'eeg';
  readonly channels: readonly Channel[];
  /** Hz. */
  readonly rate: number;
  /** When frame 0 was taken, in ms since 1970; 0 where the file does not tell. */
  readonly time: number;
  readonly blocks: readonly Block[];
  /** Frames in the blocks. */
  readonly frames: number;
  /** Frames missing between them. */
  readonly lost: number;
  /** What happened, in the order of `at`; absent where the format has none. */
  readonly marks?: readonly RecordedMark[];
  /** What else to know: signals that are left out, an end that is cut off. A sentence each. */
  readonly notes?: readonly string[];
  /** Where among the channels the columns of each role that was asked for lie. */
  readonly roles?: Readonly<Record<string, readonly number[]>>;
}

/** An event of a recording: an annotation, a trigger. */
export interface RecordedMark {
  /** The frame at which it begins; it may lie in a gap, before frame 0 or behind the last. */
  readonly at: number;
  readonly label: string;
  /** How long it lasts; absent of an instant. */
  readonly frames?: number;
}

/** What to take from a file. */
export interface ReadOptions {
  /** Columns to keep, each once: names, or numbers from 1 as they stand in the file, or ranges ('2-9'); a name wins. Default: the format's. */
  readonly columns?: readonly (string | number)[];
  /** Columns, named likewise, that have a part to play, such as the target of a learner; they are kept too. */
  readonly roles?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Hz; wins over what the file says. */
  readonly rate?: number;
}

/** Reads a recording from bytes that come in pieces, cut anywhere. */
export interface RecordingReader {
  push(bytes: Uint8Array): void;
  /** No more bytes come. */
  end(): Recording;
}

/** What a reader makes of a whole file: its bytes, or its text. */
export function readWhole(reader: RecordingReader, content: string | Uint8Array): Recording {
  reader.push(typeof content === 'string' ? new TextEncoder().encode(content) : content);
  return reader.end();
}

/** Thrown where a recording does not contain its sampling rate and the options do not give it. */
export class MissingRateError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'MissingRateError';
  }
}
