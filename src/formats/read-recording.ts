import { readWhole, type ReadOptions, type RecordingReader, type Recording } from './recording.ts';
import { brainvisionReader } from './brainvision/brainvision.ts';
import { joinBytes } from './byte-reader.ts';
import { edfReader } from './edf/edf.ts';
import { foreignFormat } from './foreign-formats.ts';
import { gdfReader } from './gdf/gdf.ts';
import { openbciReader } from './openbci/openbci.ts';
import { csvReader } from './csv/csv.ts';
import { wfdbReader } from './wfdb/wfdb.ts';
import { isWfdbHeader } from './wfdb/wfdb-header.ts';
import { xdfReader } from './xdf/xdf.ts';

/** Bytes that may precede a text: white space and the UTF-8 byte order mark. */
const blank: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xef, 0xbb, 0xbf]);

/** Number of bytes after which a text without a recognized header is CSV. */
const maxHead = 1 << 16;

type ReaderOf = (options: ReadOptions) => RecordingReader;

/**
 * Creates a reader that detects the format from the content: EDF, BDF, GDF, and XDF by their first eight bytes, BrainVision by
 * its first words, and WFDB by its first lines; text that starts with `%` is OpenBCI, other text is CSV. The reader throws an Error that names the line or
 * the header field and what is wrong with it. Read the files of BrainVision and WFDB with
 * `next`.
 */
export function recordingReader(options: ReadOptions = {}): RecordingReader {
  let waiting: Uint8Array = new Uint8Array(0);
  let reader: RecordingReader | undefined;
  const detect = (ended: boolean) => {
    reader = readerOf(waiting, ended)?.(options);
    reader?.push(waiting);
    return reader;
  };
  const detected = () => reader ?? detect(true) ?? csvReader(options);
  return {
    push(bytes) {
      if (reader) {
        reader.push(bytes);
        return;
      }
      waiting = joinBytes([waiting, bytes]);
      if (waiting.length >= 8 && waiting.some((byte) => !blank.has(byte))) detect(waiting.length >= maxHead);
    },
    next: () => detected().next?.(),
    end: () => detected().end(),
  };
}

/** The first bytes of binary formats. */
const signatures = [
  ['0       ', edfReader],
  ['\xffBIOSEMI', edfReader],
  ['GDF ', gdfReader],
  ['XDF:', xdfReader],
] as const;

/**
 * The reader of the format that `head` is the start of; undefined if more bytes are required. A file that ends within a
 * signature is truncated; a single 0 is a number.
 */
function readerOf(head: Uint8Array, ended: boolean): ReaderOf | undefined {
  const foreign = foreignFormat(head);
  if (foreign !== undefined) throw new Error(foreign);
  // Some writers of EDF fill fields up with zero bytes.
  const found = String.fromCharCode(...head.subarray(0, 8)).replaceAll('\0', ' ');
  const binary = signatures.find(
    ([signature]) => found.startsWith(signature) || (found.length > 1 && signature.startsWith(found)),
  );
  return binary ? binary[1] : textReaderOf(head, ended);
}

const latin1 = new TextDecoder('latin1');

function textReaderOf(head: Uint8Array, ended: boolean): ReaderOf | undefined {
  const from = head.findIndex((byte) => !blank.has(byte));
  const text = from < 0 ? '' : latin1.decode(head.subarray(from));
  if (text.startsWith('%')) return openbciReader;
  const first = text.slice(0, brainvision.length);
  if (/^Brain ?Vision/.test(text)) return brainvisionReader;
  if (!ended && text.length < brainvision.length && brainvision.startsWith(first)) return undefined;
  const wfdb = isWfdbHeader(text, ended);
  return wfdb === undefined ? undefined : wfdb ? wfdbReader : csvReader;
}

const brainvision = 'Brain Vision';

/** Reads a whole recording from a string or from bytes; the format is detected from the content. */
export function readRecording(content: string | Uint8Array, options: ReadOptions = {}): Recording {
  return readWhole(recordingReader(options), content);
}
