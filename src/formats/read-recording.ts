import type { ReadOptions, RecordingReader, Recording } from './recording.ts';
import { joinBytes } from './byte-reader.ts';
import { edfReader } from './edf.ts';
import { gdfReader } from './gdf.ts';
import { openbciReader } from './openbci.ts';
import { csvReader } from './csv.ts';
import { readWhole } from './recording.ts';

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
