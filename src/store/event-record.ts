import type { Block } from '../core/blocks/block.ts';
import { decodeMessage, encodeMessage } from '../core/pipeline/message-codec.ts';
import type { LostEvent, RecordedEvent } from './recorded-event.ts';
import { type RecordType, recordTypes } from './segment-format.ts';
import type { StoredRecord } from './segment-reader.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** Bytes before the content of an event: index, time, frames (8 bytes each), run, and channels or content length (4 each). */
export const eventHeaderBytes = 32;
/** Bytes before the samples of a block: those of every event, the rate, and flags. */
export const blockHeaderBytes = 48;

/** The position of an event, which every event record begins with. */
export interface EventHeader {
  /** Index of the frame that the event belongs to. */
  index: number;
  /** Time in ms since 1970; NaN if unknown. */
  time: number;
  /** Number of frames that the event covers. */
  frames: number;
  run: number;
}

const two32 = 2 ** 32;
const text = new TextEncoder();

/** Writes an integer below 2^53 as 64 bits at word `at`. */
function writeInteger(words: Uint32Array, at: number, value: number): void {
  words[at] = value % two32;
  words[at + 1] = Math.floor(value / two32);
}

/**
 * Appends a block. It copies the samples bit by bit and allocates nothing. Returns false if the memory limit is reached.
 */
export function appendBlock(writer: SegmentWriter, run: number, block: Block): boolean {
  const { data, channels, start, rate, time, valid } = block;
  const frames = data.length / channels;
  const length = blockHeaderBytes + 4 * data.length + (valid ? frames : 0);
  if (!writer.reserve(length)) return false;
  const { page, at } = writer;
  const { words, doubles } = page;
  const word = at >> 2;
  writeInteger(words, word, start);
  doubles[(at >> 3) + 1] = time;
  writeInteger(words, word + 4, frames);
  words[word + 6] = run;
  words[word + 7] = channels;
  doubles[(at >> 3) + 4] = rate;
  words[word + 10] = valid ? 1 : 0;
  words[word + 11] = 0;
  page.floats.set(data, (at + blockHeaderBytes) >> 2);
  if (valid) page.bytes.set(valid, at + blockHeaderBytes + 4 * data.length);
  writer.commit(recordTypes.block, length);
  return true;
}

/** Appends an event that is not a block. Returns false if the memory limit is reached. */
export function appendEvent(
  writer: SegmentWriter,
  header: EventHeader,
  event: Exclude<RecordedEvent, { type: 'block' }> | LostEvent,
): boolean {
  const content = event.type === 'message' ? encodeMessage(event.message) : text.encode(JSON.stringify(event));
  const length = eventHeaderBytes + content.length;
  if (!writer.reserve(length)) return false;
  const { page, at } = writer;
  const word = at >> 2;
  writeInteger(page.words, word, header.index);
  page.doubles[(at >> 3) + 1] = header.time;
  writeInteger(page.words, word + 4, header.frames);
  page.words[word + 6] = header.run;
  page.words[word + 7] = content.length;
  page.bytes.set(content, at + eventHeaderBytes);
  writer.commit(recordTypes[event.type], length);
  return true;
}

/** Reads the position of an event. @param memory memory of the reader */
export function readHeader(memory: ArrayBuffer, { at }: StoredRecord): EventHeader {
  const words = new Uint32Array(memory, at, 8);
  const time = new Float64Array(memory, at + 8, 1)[0];
  return { index: words[0] + two32 * words[1], time, frames: words[4] + two32 * words[5], run: words[6] };
}

/** Reads a block, as a view of the memory of its reader. */
export function viewBlock(memory: ArrayBuffer, record: StoredRecord, header: EventHeader): Block {
  const { at } = record;
  const words = new Uint32Array(memory, at, 12);
  const channels = words[7];
  const samples = header.frames * channels;
  const data = new Float32Array(memory, at + blockHeaderBytes, samples);
  const rate = new Float64Array(memory, at + 32, 1)[0];
  const block: Block = { data, channels, start: header.index, rate, time: header.time };
  if ((words[10] & 1) === 0) return block;
  return { ...block, valid: new Uint8Array(memory, at + blockHeaderBytes + 4 * samples, header.frames) };
}

const names = new Map<number, RecordType>(
  Object.entries(recordTypes).map(([name, type]) => [type, name as RecordType]),
);

/** Reads an event; its data is copied. Returns undefined if the record is not an event of this version. */
export function readEvent(
  memory: ArrayBuffer,
  record: StoredRecord,
  header: EventHeader,
): RecordedEvent | LostEvent | undefined {
  const { type, at } = record;
  if (type === recordTypes.block) {
    const block = viewBlock(memory, record, header);
    const { data, valid } = block;
    return { type: 'block', block: { ...block, data: data.slice(), ...(valid && { valid: valid.slice() }) } };
  }
  const name = names.get(type);
  if (name === undefined || type > recordTypes.lost) return undefined;
  const content = new Uint8Array(memory, at + eventHeaderBytes, new Uint32Array(memory, at + 28, 1)[0]);
  if (type === recordTypes.message)
    return { type: 'message', at: header.index, message: decodeMessage(content.slice()) };
  return JSON.parse(new TextDecoder().decode(content)) as RecordedEvent | LostEvent;
}
