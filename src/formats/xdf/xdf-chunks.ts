import { wholeBytes, type ByteParser } from '../byte-reader.ts';
import { decodeText } from '../text-field.ts';
import { lengthOf } from './xdf-cursor.ts';
import { XdfStream } from './xdf-stream.ts';
import { parseXml, textOf } from './xml.ts';

/** The content of an XDF file. */
export interface XdfContent {
  readonly streams: readonly XdfStream[];
  /** Date in the file header; '' if there is none. */
  readonly date: string;
  readonly notes: readonly string[];
}

/** Parses the chunks of an XDF file. Damaged parts are skipped up to the next boundary, and noted. */
export function* xdfContent(): ByteParser<XdfContent> {
  const streams = new Map<number, XdfStream>();
  let date = '';
  const notes: string[] = [];
  let damaged = 0;
  yield* wholeBytes(4, 'the signature');
  for (;;) {
    const chunk = yield* nextChunk();
    if (chunk === 'end') break;
    if (chunk === 'damaged') {
      damaged++;
      if (!(yield* skipToBoundary())) break;
      continue;
    }
    const { content, truncated } = chunk;
    if (truncated) notes.push('The file ends within a chunk. Its complete samples are read.');
    if (content.length < headBytes(content)) {
      if (truncated) break;
      damaged++;
      continue;
    }
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    const tag = view.getUint16(0, true);
    const stream = tag === 3 || tag === 4 || tag === 6 ? streams.get(view.getUint32(2, true)) : undefined;
    if (truncated && tag !== 3) break;
    if (tag === 1) date = textOf(xmlOf('the file header', content.subarray(2)), 'datetime');
    else if (tag === 2) streams.set(view.getUint32(2, true), streamOf(content));
    else if (tag === 3 && stream)
      stream.incomplete = (!stream.add(content.subarray(6)) && !truncated) || stream.incomplete;
    else if (tag === 4 && stream && content.length >= 22) {
      stream.addOffset(view.getFloat64(6, true), view.getFloat64(14, true));
    } else if (tag === 6) stream?.addFooter(decodeText(content.subarray(6)));
    else if (tag === 3 || tag === 4) damaged++;
    if (truncated) break;
  }
  const all = [...streams.values()];
  if (all.length === 0) throw new Error('the file contains no stream');
  if (damaged > 0) notes.push(`Damaged parts of the file are skipped: ${damaged}.`);
  return { streams: all, date, notes };
}

/** Bytes before the content of a chunk: its tag, and the number of its stream. */
function headBytes(content: Uint8Array): number {
  return content.length >= 2 && [2, 3, 4, 6].includes(content[0]) && content[1] === 0 ? 6 : 2;
}

type Chunk = { readonly content: Uint8Array; readonly truncated: boolean } | 'damaged' | 'end';

/** Reads a chunk: its length as a variable-length integer, its tag, and its content. */
function* nextChunk(): ByteParser<Chunk> {
  const [size] = yield 1;
  if (size === undefined) return 'end';
  if (size !== 1 && size !== 4 && size !== 8) return 'damaged';
  const bytes = yield size;
  const length = bytes.length < size ? undefined : lengthOf(bytes);
  if (length === undefined) return { content: new Uint8Array(2), truncated: true };
  const content = yield length;
  return { content, truncated: content.length < length };
}

const boundary = [67, 165, 70, 220, 203, 245, 65, 15, 179, 14, 213, 70, 115, 131, 203, 228];

/** Skips to the end of the next boundary, which is written every few seconds. Returns whether there is one. */
function* skipToBoundary(): ByteParser<boolean> {
  for (let found = 0; found < boundary.length;) {
    const [byte] = yield 1;
    if (byte === undefined) return false;
    found = byte === boundary[found] ? found + 1 : byte === boundary[0] ? 1 : 0;
  }
  return true;
}

function streamOf(content: Uint8Array): XdfStream {
  try {
    return new XdfStream(decodeText(content.subarray(6)));
  } catch (error) {
    throw new Error(`a stream header is invalid: ${(error as Error).message}`, { cause: error });
  }
}

function xmlOf(name: string, bytes: Uint8Array) {
  try {
    return parseXml(decodeText(bytes));
  } catch (error) {
    throw new Error(`${name} is invalid: ${(error as Error).message}`, { cause: error });
  }
}
