import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { frameCount, timeOf } from '../core/blocks/block.ts';
import { undescribedRun } from './active-segment.ts';
import { readEvent, readHeader, viewBlock } from './event-record.ts';
import { type ReadableRecording, readEvents, type ReadFrom } from './read-events.ts';
import type { RunEvent, StoredEvent } from './recorded-event.ts';
import { recordTypes } from './segment-format.ts';
import { SegmentIndex, type SegmentSummary } from './segment-index.ts';
import { SegmentReader } from './segment-reader.ts';
import { listSegments, segmentFiles } from './stream-files.ts';
import { readTierFile } from './tier-file.ts';

/** A recorded run, with its first description. */
export interface RecordedRun {
  readonly event: RunEvent;
  /** Number of recorded frames. */
  readonly frames: number;
  /** Times of the first and the last frame in ms since 1970; NaN without frames. */
  readonly first: number;
  readonly last: number;
}

const streamName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Returns the names of the streams that are recorded in a directory, in order; none if it does not exist. */
export async function recordedStreams(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const names: string[] = [];
  for (const entry of entries)
    if (entry.isDirectory() && streamName.test(entry.name)) {
      const segments = await listSegments(join(directory, entry.name));
      if (segments.some(({ raw }) => raw)) names.push(entry.name);
    }
  return names.sort();
}

/**
 * Deletes the recording of a stream and its tiers. No recorder may use the directory.
 * @returns whether there was one
 */
export async function eraseRecording(directory: string, stream: string): Promise<boolean> {
  const moved = await moveAside(directory, stream);
  if (moved === undefined) return false;
  await rm(moved, { recursive: true, force: true });
  return true;
}

/**
 * Moves the recording of a stream to a name that no stream has, so that a kill does not leave half of a recording.
 * @returns where it is; undefined if there is none
 */
export async function moveAside(directory: string, stream: string): Promise<string | undefined> {
  const moved = join(directory, `.erased-${stream}-${randomUUID()}`);
  try {
    await rename(join(directory, stream), moved);
    return moved;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The recording of one stream as it was when it was opened. Nothing is written, so a recorder can use the directory meanwhile.
 * If it deletes a segment, the segment is reported as an event of type 'damaged'.
 */
export class ReadOnlyRecording {
  readonly #recording: ReadableRecording;

  private constructor(recording: ReadableRecording) {
    this.#recording = recording;
  }

  /** Opens the recording in a directory of a stream. @throws if the directory cannot be read */
  static async open(directory: string): Promise<ReadOnlyRecording> {
    const closed = new Map<number, { summary: SegmentSummary; rawBytes: number }>();
    for (const { segment, raw } of await listSegments(directory)) {
      const summary = raw ? await summaryOf(directory, segment) : undefined;
      if (summary) closed.set(segment, { summary, rawBytes: summary.bytes });
    }
    return new ReadOnlyRecording({ segments: { directory, closed, open: [] }, flush: () => Promise.resolve() });
  }

  /** The recorded runs, the oldest first. */
  get runs(): RecordedRun[] {
    const runs = new Map<number, RecordedRun>();
    for (const { summary } of this.#recording.segments.closed.values())
      for (const { run, event, frames, first, last } of summary.runs) {
        const before = runs.get(run) ?? { event, frames: 0, first: NaN, last: NaN };
        runs.set(run, {
          event: before.event,
          frames: before.frames + frames,
          first: Number.isNaN(before.first) ? first : before.first,
          last: Number.isNaN(last) ? before.last : last,
        });
      }
    return [...runs.values()];
  }

  /** Reads the recording in order, in bounded memory; see `Recorder.read`. */
  read(from?: ReadFrom): AsyncGenerator<StoredEvent, void> {
    return readEvents(this.#recording, from);
  }

  /** Number of the last segment with frames before a time in ms since 1970; 0 if there is none. */
  lastSegmentBefore(time: number): number {
    const segments = [...this.#recording.segments.closed.values()].map(({ summary }) => summary);
    return segments.findLast(({ runs }) => runs.some(({ first }) => first < time))?.segment ?? 0;
  }
}

/** Returns the summary of a segment. One that is not closed is read, without the record that is being written. */
async function summaryOf(directory: string, segment: number): Promise<SegmentSummary | undefined> {
  const files = segmentFiles(directory, segment);
  try {
    const file = await readTierFile(files.tiers);
    const { size } = await stat(files.recording);
    if (file && size >= file.summary.bytes) return file.summary;
    return await scan(files.recording, segment);
  } catch (error) {
    // a recorder has deleted it
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function scan(path: string, segment: number): Promise<SegmentSummary> {
  const index = new SegmentIndex();
  const reader = await SegmentReader.open(path, 'recording');
  try {
    for (;;) {
      const record = reader.next();
      if (!record) {
        if (await reader.load()) continue;
        break;
      }
      const header = readHeader(reader.memory, record);
      const { run, frames, time } = header;
      if (record.type === recordTypes.block) {
        const block = viewBlock(reader.memory, record, header);
        if (index.runs.at(-1)?.run !== run) index.addRun(undescribedRun(run, block), block.start, record.offset);
        const next = block.start + frameCount(block);
        index.addFrames(next, frameCount(block), block.time, timeOf(block, next - 1));
        continue;
      }
      if (record.type === recordTypes.run) {
        const event = readEvent(reader.memory, record, header);
        if (event?.type === 'run') index.addRun(event, header.index, record.offset);
        continue;
      }
      if (record.type === recordTypes.gap || record.type === recordTypes.lost)
        index.skipTo(run, header.index + frames, record.type === recordTypes.lost ? frames : 0);
      if (time > -Infinity) index.addTime(time);
    }
    const latest = index.latest > -Infinity ? index.latest : null;
    const bytes = reader.intactBytes;
    return { segment, bytes, recorded: NaN, latest, runs: index.runs, lost: index.lost, tierBytes: [] };
  } finally {
    await reader.close();
  }
}
