import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { integer, invalid } from '../core/check.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { StoredBucket } from './bucket-record.ts';
import { Columns } from './columns.ts';
import { readHeader, viewBlock } from './event-record.ts';
import type { RunEvent } from './recorded-event.ts';
import { fileHeaderBytes, recordTypes } from './segment-format.ts';
import { type RunPart, SegmentIndex } from './segment-index.ts';
import { SegmentReader } from './segment-reader.ts';
import { segmentFiles } from './stream-files.ts';
import type { StreamRecording } from './stream-recording.ts';
import { type Bucket, bucketFrames } from './tier-builder.ts';
import { readBuckets, readTier, readTierFile } from './tier-file.ts';

/** The columns of one run, in order. Columns without frames are omitted. */
export interface OverviewRun {
  readonly run: RunEvent;
  /** Index of the first frame that each column covers, [columns]: a multiple of the number of frames per column. */
  readonly start: Float64Array;
  /** Time of the first frame that arrived, in ms since 1970, [columns]. */
  readonly time: Float64Array;
  /** Number of frames that arrived, [columns]. */
  readonly frames: Float64Array;
  /** Smallest, largest, and mean valid sample, [columns, channels]; NaN if there is none. */
  readonly min: Float32Array;
  readonly max: Float32Array;
  readonly mean: Float32Array;
  /** Number of valid samples, [columns, channels]. */
  readonly count: Float64Array;
}

/** A time span of a recording, reduced to columns. */
export interface Overview {
  /** Number of frames per column: a power of two. */
  readonly size: number;
  /** Number of frames of the buckets that the columns were computed from; 1: the recorded frames. */
  readonly bucket: number;
  readonly runs: readonly OverviewRun[];
}

/** A segment that overlaps the time span. */
interface Source {
  readonly runs: readonly RunPart[];
  readonly recording: string;
  /** Number of bytes of the recording; 0 if it is deleted. */
  readonly bytes: number;
  readonly index: () => Promise<SegmentIndex>;
  /** Reads the buckets of a tier. Returns false if they are missing or damaged. */
  readonly tier: (tier: number, use: (bucket: StoredBucket) => void) => Promise<boolean>;
}

/**
 * Returns what was recorded from time `from` to before `to`, in at most `points` columns (one more per run, if there are
 * more runs than points). Columns are aligned to frame indexes, so they do not change when the time span moves. The
 * first and the last column contain whole buckets, of which some frames can be outside the time span.
 *
 * @param from times in ms since 1970
 */
export async function overview(
  recording: StreamRecording,
  from: number,
  to: number,
  points: number,
  report: (line: string) => void,
): Promise<Overview> {
  integer('points', points, 1);
  if (!(from < to)) throw invalid('to', `a time after ${from}`, to);
  for (let attempt = 1; ; attempt++) {
    await recording.flush().catch(() => {});
    try {
      return await read(recording, from, to, points, report);
    } catch (error) {
      // a segment was closed or deleted meanwhile
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 5) throw error;
    }
  }
}

async function read(
  recording: StreamRecording,
  from: number,
  to: number,
  points: number,
  report: (line: string) => void,
): Promise<Overview> {
  const opened = recording.segments.open.map((segment) => openSource(recording, segment));
  const sources = [...closedSources(recording), ...opened].filter(({ runs }) =>
    runs.some(({ first, last }) => first < to && last >= from),
  );
  const frames = sources.flatMap(({ runs }) => runs).reduce((sum, part) => sum + framesWithin(part, from, to), 0);
  const finest = sources.every(({ bytes }) => bytes > 0) ? 1 : bucketFrames[1];
  const size = Math.max(finest, 2 ** Math.ceil(Math.log2(Math.max(1, frames / points))));
  const tier = bucketFrames.findLastIndex((count) => count <= size);
  const columns = new Columns(points, size);
  for (const source of sources) {
    const part = new Columns(Infinity, columns.size);
    const use = ({ run, bucket }: StoredBucket): void => {
      if (bucket.time < to && bucket.last >= from) part.addBucket(run, bucket);
    };
    if (tier > 0 && (await source.tier(tier, use)))
      for (const { run, bucket } of part.columns) columns.addBucket(run, bucket);
    else if (source.bytes > 0) await readFrames(source, from, to, columns);
    else report(`${source.recording}: the tiers are damaged, and the recording is deleted; an overview omits them`);
  }
  return { size: columns.size, bucket: bucketFrames[tier], runs: runsOf(columns, sources) };
}

function* closedSources({ segments: { directory, closed } }: StreamRecording): Generator<Source> {
  for (const { summary, rawBytes } of closed.values()) {
    const files = segmentFiles(directory, summary.segment);
    yield {
      runs: summary.runs,
      recording: files.recording,
      bytes: rawBytes,
      index: async () => new SegmentIndex((await readTierFile(files.tiers))?.entries),
      tier: (tier, use) => readTier(files.tiers, tier, use),
    };
  }
}

function openSource(recording: StreamRecording, segment: ActiveSegment): Source {
  const { files, index, writer, tiers } = segment;
  return {
    runs: index.runs,
    recording: files.recording,
    bytes: writer.written,
    index: () => Promise.resolve(index),
    tier: async (tier, use) => {
      if (tiers.written < tiers.end) await recording.flush();
      if (!segment.hasTiers || tiers.written < tiers.end) return false;
      // taken at one moment, so that a bucket is either closed and written, or open
      const { written } = tiers;
      const { run, buckets } = segment.openBuckets(tier);
      const open = new Columns(Infinity, bucketFrames[tier]);
      for (const bucket of buckets) open.addBucket(run, bucket);
      if (!(await readBuckets(tiers.path, tier, fileHeaderBytes, written, use))) return false;
      for (const { bucket } of open.columns) use({ tier, run, bucket });
      return true;
    },
  };
}

/** Estimates the number of frames of a run within a time span. */
function framesWithin({ frames, first, last }: RunPart, from: number, to: number): number {
  const overlap = Math.min(last, to) - Math.max(first, from);
  if (!(overlap >= 0)) return 0;
  return last > first ? Math.ceil((frames * overlap) / (last - first)) : frames;
}

/** Adds the recorded frames of a segment within a time span. */
async function readFrames(source: Source, from: number, to: number, columns: Columns): Promise<void> {
  const index = await source.index();
  const first = index.find({ time: from }) ?? fileHeaderBytes;
  const isInOrder = source.runs.every(({ first: time }, i) => i === 0 || !(time < source.runs[i - 1].last));
  const end = (isInOrder ? index.end(to) : undefined) ?? source.bytes;
  const reader = await SegmentReader.open(source.recording, 'recording', first, Math.min(end, source.bytes));
  try {
    for (;;) {
      const record = reader.next();
      if (!record) {
        if (!(await reader.load())) return;
        continue;
      }
      if (record.type !== recordTypes.block) continue;
      const header = readHeader(reader.memory, record);
      const block = viewBlock(reader.memory, record, header);
      const [begin, end] = framesOf(block, from, to);
      if (begin < end) columns.addFrames(header.run, block, begin, end);
    }
  } finally {
    await reader.close();
  }
}

/** Returns the frames of a block within a time span, as indexes within the block. */
function framesOf(block: Block, from: number, to: number): [number, number] {
  const count = frameCount(block);
  const firstAt = (time: number): number => {
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeOf(block, block.start + middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return [firstAt(from), firstAt(to)];
}

function runsOf(columns: Columns, sources: readonly Source[]): OverviewRun[] {
  const events = new Map(sources.flatMap(({ runs }) => runs.map(({ run, event }) => [run, event] as const)));
  const byRun = new Map<number, Bucket[]>();
  for (const { run, bucket } of columns.columns) {
    const before = byRun.get(run);
    if (before) before.push(bucket);
    else byRun.set(run, [bucket]);
  }
  return [...byRun].map(([run, buckets]) => {
    const channels = buckets[0].min.length;
    const values = (value: (c: number, column: number) => number) =>
      Float32Array.from({ length: buckets.length * channels }, (_, i) =>
        buckets[Math.floor(i / channels)].count[i % channels] > 0 ? value(i % channels, Math.floor(i / channels)) : NaN,
      );
    return {
      run: events.get(run)!,
      start: Float64Array.from(buckets, ({ start }) => start),
      time: Float64Array.from(buckets, ({ time }) => time),
      frames: Float64Array.from(buckets, (bucket) => bucket.frames),
      min: values((c, i) => buckets[i].min[c]),
      max: values((c, i) => buckets[i].max[c]),
      mean: values((c, i) => buckets[i].sum[c] / buckets[i].count[c]),
      count: Float64Array.from(
        { length: buckets.length * channels },
        (_, i) => buckets[Math.floor(i / channels)].count[i % channels],
      ),
    };
  });
}
