import type { Block } from '../core/block.ts';
import { csvReader } from './csv.ts';
import { edfReader } from './edf.ts';
import { gdfReader } from './gdf.ts';
import { joinBytes } from './join-bytes.ts';
import { openbciReader } from './openbci.ts';
import { readWhole } from './read-whole.ts';

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

/** Bytes that may stand before a text: white space, and the mark of UTF-8. */
const blank: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xef, 0xbb, 0xbf]);

/**
 * A reader that finds the format by content: EDF, BDF and GDF by their first eight bytes; of text, a first line that
 * begins with `%` is OpenBCI's, all else is CSV. Throws an Error whose sentence names the line, or the field of a header,
 * and what is wrong with it.
 */
export function recordingReader(options: ReadOptions = {}): RecordingReader {
  let waiting: Uint8Array = new Uint8Array(0);
  let reader: RecordingReader | undefined;
  const begin = () => {
    reader = readerOf(waiting)(options);
    reader.push(waiting);
    return reader;
  };
  return {
    push(bytes) {
      if (reader) {
        reader.push(bytes);
        return;
      }
      waiting = joinBytes([waiting, bytes]);
      if (waiting.length >= 8 && waiting.some((byte) => !blank.has(byte))) begin();
    },
    end: () => (reader ?? begin()).end(),
  };
}

/** How binary formats begin. */
const magics = [
  ['0       ', edfReader],
  ['\xffBIOSEMI', edfReader],
  ['GDF ', gdfReader],
] as const;

/** A file that ends within such a beginning is one that was cut; a lone 0 is a number. */
function readerOf(head: Uint8Array): (options: ReadOptions) => RecordingReader {
  const found = String.fromCharCode(...head.subarray(0, 8));
  const binary = magics.find(([magic]) => found.startsWith(magic) || (found.length > 1 && magic.startsWith(found)));
  if (binary) return binary[1];
  const first = head.find((byte) => !blank.has(byte));
  return first === 0x25 ? openbciReader : csvReader;
}

/** Reads a whole recording, its text or its bytes, its format found by content. */
export function readRecording(content: string | Uint8Array, options: ReadOptions = {}): Recording {
  return readWhole(recordingReader(options), content);
}
