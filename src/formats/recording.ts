import type { Block } from '../core/block.ts';
import { csvReader } from './csv.ts';
import { openbciReader } from './openbci.ts';

/** One channel of a recording, as the file names it. */
export interface Channel {
  readonly label: string;
  readonly unit?: string;
}

/** What a file holds: blocks in order, each at its absolute index; where `start` jumps, frames are missing. */
export interface Recording {
  readonly format: 'csv' | 'openbci';
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
}

/** What to take from a file. */
export interface ReadOptions {
  /** Columns to keep: names, or numbers counted from 1 as they stand in the file (a name wins). Default: the format's. */
  readonly columns?: readonly (string | number)[];
  /** Hz; wins over what the file says. */
  readonly rate?: number;
}

/** Reads a recording from text that comes in pieces, cut anywhere. */
export interface RecordingReader {
  push(text: string): void;
  /** No more text comes. */
  end(): Recording;
}

/**
 * A reader that finds the format by content: a first line that begins with `%` is OpenBCI's, all else is CSV.
 * Throws an Error whose sentence names the line and what is wrong with it.
 */
export function recordingReader(options: ReadOptions = {}): RecordingReader {
  let waiting = '';
  let reader: RecordingReader | undefined;
  return {
    push(text) {
      if (!reader) {
        waiting += text;
        const first = waiting.search(/[^\uFEFF\s]/);
        if (first < 0) return;
        reader = waiting[first] === '%' ? openbciReader(options) : csvReader(options);
        text = waiting;
      }
      reader.push(text);
    },
    end: () => (reader ?? csvReader(options)).end(),
  };
}

/** Reads a whole recording, its format found by content. */
export function readRecording(text: string, options: ReadOptions = {}): Recording {
  const reader = recordingReader(options);
  reader.push(text);
  return reader.end();
}
