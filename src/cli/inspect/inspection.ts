import { frameCount, timeOf, type Block } from '../../core/blocks/block.ts';
import { shortest } from '../../formats/csv/csv-writer.ts';
import type { Channel, RecordedMark, Recording } from '../../formats/recording.ts';

/** Description of a recording as plain JSON. Times are in s after the first frame. */
export interface Inspection {
  readonly format: Recording['format'];
  /** Character encoding; null for binary formats. */
  readonly encoding: NonNullable<Recording['encoding']> | null;
  readonly kind?: string;
  readonly channels: readonly Channel[];
  /** Columns that look like labels and are skipped. */
  readonly labelColumns: readonly string[];
  /** Sampling rate in Hz; 0 = irregular. */
  readonly rate: number;
  readonly rateSource: NonNullable<Recording['rateSource']>;
  /** Time of the first frame, or that of the header if there are no frames, in ISO 8601 and UTC; null if unknown. */
  readonly start: string | null;
  /** Whether the file contains no time zone, so that its times are read as UTC. */
  readonly localTime: boolean;
  /** Frames in the file. */
  readonly frames: number;
  /** Missing frames. */
  readonly lost: number;
  /** The first 20 gaps. */
  readonly gaps: readonly Gap[];
  /** Starts of the segments after the first one, at most 20. */
  readonly segments: readonly number[];
  /** Times of the first three and the last three frames, each frame once. */
  readonly times: readonly number[];
  /** Samples of the first three frames, [frame][channel]; null = missing. */
  readonly first: readonly (readonly (number | null)[])[];
  /** Samples of the last three frames, [frame][channel]; null = missing. */
  readonly last: readonly (readonly (number | null)[])[];
  /** The first 1000 events in order of time. */
  readonly marks: readonly InspectedMark[];
  /** Notes on what was skipped or assumed. */
  readonly notes: readonly string[];
}

/** Missing frames: the index of the first one, counted from the first frame, and their number. */
export interface Gap {
  readonly from: number;
  readonly count: number;
}

/** An event; an instant has duration 0. */
export interface InspectedMark {
  readonly time: number;
  readonly duration: number;
  readonly label: string;
}

/** A frame of a recording. */
export interface Frame {
  readonly time: number;
  readonly samples: readonly (number | null)[];
}

const shownFrames = 3;
const shownGaps = 20;
const shownMarks = 1000;

/** Describes a recording. `notes` takes the place of the notes of its reader. */
export function inspection(recording: Recording, notes: readonly string[] = recording.notes ?? []): Inspection {
  const { blocks, frames } = recording;
  const origin = blocks.at(0)?.time ?? recording.time;
  const seconds = (time: number) => (time - origin) / 1000;
  const first = [...framesOf(blocks, shownFrames)];
  const last = [...lastFrames(blocks, shownFrames)].reverse();
  const end = last.slice(Math.max(0, 2 * shownFrames - frames));
  return {
    format: recording.format,
    encoding: recording.encoding ?? null,
    ...(recording.kind && { kind: recording.kind }),
    channels: recording.channels,
    labelColumns: recording.labelColumns ?? [],
    rate: recording.irregular ? 0 : recording.rate,
    rateSource: recording.rateSource ?? 'header',
    start: recording.undated ? null : new Date(origin).toISOString(),
    localTime: recording.localTime ?? false,
    frames,
    lost: recording.lost,
    gaps: gapsOf(recording).slice(0, shownGaps),
    segments: segmentStarts(recording)
      .slice(0, shownGaps)
      .map(({ time }) => seconds(time)),
    times: [...first, ...end].map(({ time }) => seconds(time)),
    first: first.map(({ samples }) => samples),
    last: last.map(({ samples }) => samples),
    marks: marksOf(recording, seconds).slice(0, shownMarks),
    notes,
  };
}

/** The first frames of blocks, at most `count`. */
export function* framesOf(blocks: readonly Block[], count: number): Generator<Frame> {
  for (const block of blocks)
    for (let i = 0; i < frameCount(block); i++) {
      if (count-- === 0) return;
      yield frameOf(block, i);
    }
}

/** The last frames of blocks, at most `count`, the last one first. */
export function* lastFrames(blocks: readonly Block[], count: number): Generator<Frame> {
  for (let b = blocks.length - 1; b >= 0; b--)
    for (let i = frameCount(blocks[b]) - 1; i >= 0; i--) {
      if (count-- === 0) return;
      yield frameOf(blocks[b], i);
    }
}

function frameOf(block: Block, i: number): Frame {
  const { data, channels, start, valid } = block;
  const samples = Array.from(data.subarray(i * channels, (i + 1) * channels), (sample) =>
    valid?.[i] === 0 || !Number.isFinite(sample) ? null : Number(shortest(sample)) + 0,
  );
  return { time: timeOf(block, start + i), samples };
}

/** Gaps between blocks. The index that is skipped before a segment is not counted. */
export function gapsOf({ blocks, segments = [] }: Recording): Gap[] {
  const starts = new Set(segments);
  const gaps: Gap[] = [];
  let end = blocks.at(0)?.start ?? 0;
  let hidden = end;
  for (const block of blocks) {
    const from = end - hidden;
    if (starts.has(block.start)) hidden++;
    const count = block.start - hidden - from;
    if (count > 0) gaps.push({ from, count });
    end = block.start + frameCount(block);
  }
  return gaps;
}

/** The first blocks of the segments after the first one. */
function segmentStarts({ blocks, segments = [] }: Recording): Block[] {
  const starts = new Set(segments);
  return blocks.filter(({ start }) => starts.has(start));
}

/** The events of a recording in order of time. */
function marksOf(recording: Recording, seconds: (time: number) => number): InspectedMark[] {
  return (recording.marks ?? [])
    .map((mark) => {
      const { time, duration } = markTime(mark, recording);
      return { time: seconds(time), duration: duration / 1000, label: mark.label };
    })
    .sort((a, b) => a.time - b.time);
}

/** The time and duration of an event in ms. */
function markTime(
  mark: RecordedMark & { readonly time?: number; readonly duration?: number },
  { time, rate }: Recording,
): { time: number; duration: number } {
  return {
    time: mark.time ?? time + (mark.at * 1000) / rate,
    duration: mark.duration ?? ((mark.frames ?? 0) * 1000) / rate,
  };
}
