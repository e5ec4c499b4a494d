import { cutBlock } from '../core/blocks/cut-block.ts';
import { frameCount, timeOf } from '../core/blocks/block.ts';
import { type EventHeader, readEvent, readHeader } from './event-record.ts';
import type { LostEvent, Position, RecordedEvent, RunEvent, StoredEvent } from './recorded-event.ts';
import { fileHeaderBytes, recordTypes } from './segment-format.ts';
import type { ClosedSegment, SegmentChain } from './segment-chain.ts';
import { endsBefore, isBefore, SegmentIndex, type Start } from './segment-index.ts';
import { SegmentReader, type StoredRecord } from './segment-reader.ts';
import { segmentFiles } from './stream-files.ts';
import { readTierFile } from './tier-file.ts';

/** Where reading starts. Default: the oldest record. */
export type ReadFrom = Start | Position;

/** What reading needs of a recording. */
export interface ReadableRecording {
  readonly segments: {
    readonly directory: string;
    /** Closed segments by number, the oldest first. */
    readonly closed: ReadonlyMap<number, Pick<ClosedSegment, 'summary' | 'rawBytes'>>;
    /** Segments that are written, the oldest first. */
    readonly open: SegmentChain['open'];
  };
  /** Writes what is pending. */
  flush(): Promise<void>;
}

/** A segment to read, from a position on. */
interface Part {
  readonly segment: number;
  readonly path: string;
  readonly from: number;
  /** Position of the record that describes the run at `from`. */
  readonly described: number;
  /** Number of bytes to read. */
  readonly limit: number;
}

/**
 * Reads the recording of a stream in order, in bounded memory, up to what is appended when the end is reached. The first
 * event describes the run. The first block is cut so that it begins at `from`. Damaged parts are skipped and reported as
 * events of type 'damaged'.
 */
export async function* readEvents(recording: ReadableRecording, from?: ReadFrom): AsyncGenerator<StoredEvent, void> {
  const start = from && 'segment' in from ? undefined : from;
  const position = from && 'segment' in from ? from : undefined;
  const filter = new Filter(start);
  let done = { segment: position?.segment ?? 0, offset: position?.offset ?? 0 };
  for (;;) {
    await recording.flush().catch(() => {}); // if the disk is full, what is written can still be read
    const part = await nextPart(recording, done, start && done.segment === 0 ? start : undefined);
    if (!part) return;
    done = yield* readPart(part, filter);
  }
}

/** Selects events from `start` on. */
class Filter {
  readonly #start: Start | undefined;
  #hasStarted: boolean;
  /** The newest run that was described. */
  run = -1;
  /** The description of the run, until the first event of it is returned. */
  described: StoredEvent | undefined;
  /** Whether an event was returned. */
  hasReturned = false;

  constructor(start: Start | undefined) {
    this.#start = start;
    this.#hasStarted = start === undefined;
  }

  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Returns the event, or the part of it from the start on; undefined if it is before the start. */
  select<T extends RecordedEvent | LostEvent>(header: EventHeader, event: T): T | undefined {
    const start = this.#start;
    if (this.#hasStarted || !start) return event;
    if (event.type === 'block') {
      const { block } = event;
      const frames = frameCount(block);
      if ('run' in start && isBefore({ run: header.run, next: block.start + frames }, start)) return undefined;
      let first = 'run' in start && start.run === header.run ? start.index : block.start;
      if ('time' in start) {
        if (timeOf(block, block.start + frames - 1) < start.time) return undefined;
        while (timeOf(block, first) < start.time) first++;
      }
      this.#hasStarted = true;
      return { ...event, block: cutBlock(block, first) };
    }
    const next = header.index + Math.max(1, header.frames);
    const isEarlier = 'time' in start ? !(header.time >= start.time) : isBefore({ run: header.run, next }, start);
    if (isEarlier) return undefined;
    this.#hasStarted = true;
    return event;
  }
}

/** Returns the next part to read after the position `done`. */
async function nextPart(
  recording: ReadableRecording,
  done: Position,
  start: Start | undefined,
): Promise<Part | undefined> {
  const { directory, closed, open } = recording.segments;
  const hasMore = (segment: number, bytes: number) =>
    segment > done.segment || (segment === done.segment && bytes > Math.max(done.offset, fileHeaderBytes));
  for (const { summary, rawBytes } of closed.values()) {
    const { segment } = summary;
    if (rawBytes === 0 || !hasMore(segment, rawBytes) || (start && endsBefore(summary, start))) continue;
    const files = segmentFiles(directory, segment);
    const entries = start ? ((await readTierFile(files.tiers))?.entries ?? []) : [];
    return partOf(files.recording, segment, summary.runs, new SegmentIndex(entries), done, start, rawBytes);
  }
  for (const { files, index, writer } of open) {
    if (!hasMore(files.segment, writer.written)) continue;
    const latest = index.latest > -Infinity ? index.latest : null;
    if (start && endsBefore({ runs: index.runs, latest }, start)) continue;
    return partOf(files.recording, files.segment, index.runs, index, done, start, writer.written);
  }
  return undefined;
}

function partOf(
  path: string,
  segment: number,
  runs: SegmentIndex['runs'] | readonly { offset: number }[],
  index: SegmentIndex,
  done: Position,
  start: Start | undefined,
  limit: number,
): Part {
  const found = start && index.find(start);
  const from = found ?? Math.max(fileHeaderBytes, segment === done.segment ? done.offset : 0);
  const described = runs.findLast(({ offset }) => offset <= from)?.offset ?? from;
  return { segment, path, from, described, limit };
}

/** Reads a part. Returns the position after it. */
async function* readPart(part: Part, filter: Filter): AsyncGenerator<StoredEvent, Position> {
  const { segment, path, from, described, limit } = part;
  const damaged = (offset: number, bytes: number): StoredEvent => ({
    run: filter.run,
    index: 0,
    position: { segment, offset },
    event: { type: 'damaged', file: path, offset, bytes },
  });
  let reader: SegmentReader;
  try {
    if (described < from && !filter.hasReturned) await describe(part, filter);
    reader = await SegmentReader.open(path, 'recording', from, limit);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    yield damaged(0, 0);
    return { segment: segment + 1, offset: 0 };
  }
  let reported = 0;
  try {
    for (;;) {
      const record = reader.next();
      const hasMore = record !== undefined || (await reader.load());
      for (; reported < reader.damage.length; reported++) {
        const { offset, bytes } = reader.damage[reported];
        yield damaged(offset, bytes);
      }
      if (!hasMore) {
        // somebody has made the file shorter
        if (reader.position < limit) yield damaged(reader.position, limit - reader.position);
        return { segment, offset: limit };
      }
      const stored = record && storedEvent(reader.memory, record, segment, filter);
      if (!stored) continue;
      if (filter.described) yield filter.described;
      filter.described = undefined;
      filter.hasReturned = true;
      yield stored;
    }
  } finally {
    await reader.close();
  }
}

/** Reads the description of the run at a position within a segment. */
async function describe({ path, segment, described, limit }: Part, filter: Filter): Promise<void> {
  const reader = await SegmentReader.open(path, 'recording', described, limit);
  try {
    let record = reader.next();
    while (!record && (await reader.load())) record = reader.next();
    if (record?.offset !== described || record.type !== recordTypes.run) return;
    const header = readHeader(reader.memory, record);
    const event = readEvent(reader.memory, record, header);
    filter.run = header.run;
    if (event?.type === 'run') filter.described = describedRun(event, header, { segment, offset: described });
  } finally {
    await reader.close();
  }
}

function storedEvent(
  memory: ArrayBuffer,
  record: StoredRecord,
  segment: number,
  filter: Filter,
): StoredEvent | undefined {
  const header = readHeader(memory, record);
  const event = readEvent(memory, record, header);
  if (!event) return undefined;
  if (event.type === 'run') {
    if (event.continued && filter.run === header.run) return undefined;
    filter.run = header.run;
    const described = describedRun(event, header, { segment, offset: record.offset });
    if (filter.hasStarted) return described;
    filter.described = described;
    return undefined;
  }
  const selected = filter.select(header, event);
  if (!selected) return undefined;
  const index = selected.type === 'block' ? selected.block.start : header.index;
  return { run: header.run, index, position: { segment, offset: record.offset }, event: selected };
}

/** Returns the description of a run as it was recorded, also if it was repeated at the beginning of a segment. */
function describedRun(
  { continued: _, ...event }: RunEvent,
  { run, index }: EventHeader,
  position: Position,
): StoredEvent {
  return { run, index, position, event };
}
