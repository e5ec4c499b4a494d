import type { Block } from '../../core/blocks/block.ts';
import { encodeAnnotation, encodeHeader, gainOf, RecordEncoder, sampleBytes } from '../../formats/edf/edf-writer.ts';
import { physicalRange, type PhysicalRange, positiveText } from '../../formats/edf/physical-range.ts';
import { UsageError } from '../failure.ts';
import type { StoredPart } from '../stored-stream.ts';
import type { BinaryFile } from './binary-file.ts';
import { type FrameAnnotation, frameRecords, type RecordLayout } from './edf-records.ts';
import type { Exported, ExportSource } from './exported.ts';

/** Longest gap in s whose frames are filled, so that programs that ignore EDF+D read the right times. */
const maxFilled = 600;
/** Bytes of the onset of a record, at most. */
const onsetBytes = 32;

/**
 * Exports a recording to EDF+ or BDF+ in two passes: the first one determines the range of each channel, so that nothing
 * clips, and the space for annotations.
 * @throws UsageError if the rate is irregular, or runs overlap
 */
export async function exportEdf(source: ExportSource, format: 'edf' | 'bdf', file: BinaryFile): Promise<Exported> {
  const { run, parts } = source;
  const { channels, rate } = run;
  if (rate === 0)
    throw new UsageError(
      'EDF+ and BDF+ require a fixed sampling rate, but the stream is irregular. Export to .csv or .parquet.',
    );
  const { frames, duration } = recordLength(rate, format === 'edf' ? 61_440 / 2 / channels.length : Infinity);
  const labels = uniqueLabels(channels.map(({ label }) => label));
  const layout: RecordLayout = { labels, rate, frames, maxFilled: maxFilled * rate };
  const first = await survey(parts, layout);
  const start = Math.floor(first.time / 1000) * 1000;
  const onsetOf = (at: number) => (first.time - start) / 1000 + at / rate;
  const encoded = ({ at, frames: length, label }: FrameAnnotation) =>
    encodeAnnotation(onsetOf(at), label, length / rate);
  const ranges = first.ranges.map(({ min, max }) => physicalRange(min, max));
  const unit = sampleBytes[format];
  const header = {
    format,
    discontinuous: first.isDiscontinuous,
    time: start,
    records: first.records,
    duration,
    frames,
    signals: labels.map((label, c) => ({ label, unit: channels[c].unit, range: ranges[c] })),
    annotationBytes: Math.ceil((onsetBytes + first.annotationBytes(encoded)) / unit) * unit,
  };
  file.write(encodeHeader(header));
  const encoder = new RecordEncoder(header);
  const queue: Uint8Array[] = [];
  let written = 0;
  for await (const { at, samples, annotations } of frameRecords(parts(), layout)) {
    queue.push(...annotations.map(encoded));
    const lists = [encodeAnnotation(onsetOf(at), '')];
    let room = header.annotationBytes - lists[0].length;
    for (let next = queue.at(0); next && next.length <= room; next = queue.at(0)) {
      lists.push(next);
      room -= next.length;
      queue.shift();
    }
    file.write(encoder.encode(samples, lists));
    written++;
  }
  if (written !== first.records || queue.length > 0)
    throw new UsageError(
      'the recording changed while it was exported: the server has deleted a part of it. Run the command again.',
    );
  return {
    frames: first.frames,
    events: first.events,
    notes: [
      precisionNote(
        format,
        ranges,
        labels,
        channels.map(({ unit: name }) => name),
      ),
      ...(Number(duration) * rate !== frames && Math.abs(Number(duration) * rate - frames) > 1e-9 * frames
        ? [`The sampling rate is stored as ${frames / Number(duration)} Hz instead of ${rate} Hz.`]
        : []),
      ...(first.isDiscontinuous
        ? [
            `Gaps of more than ${maxFilled / 60} minutes are omitted (${format.toUpperCase()}+D). Some programs ignore them and show later times.`,
          ]
        : []),
    ],
  };
}

/** What the first pass determines. */
interface Survey {
  readonly time: number;
  readonly records: number;
  readonly frames: number;
  readonly events: number;
  readonly isDiscontinuous: boolean;
  readonly ranges: readonly { readonly min: number; readonly max: number }[];
  /** Space that each record needs so that no annotation is left after the last one. */
  annotationBytes(encode: (annotation: FrameAnnotation) => Uint8Array): number;
}

async function survey(parts: ExportSource['parts'], layout: RecordLayout): Promise<Survey> {
  let time: number | undefined;
  let [frames, events] = [0, 0];
  async function* counted(): AsyncGenerator<StoredPart, void> {
    for await (const part of parts()) {
      if (part.type === 'block') {
        time ??= part.block.time;
        frames += framesOf(part.block);
      } else if (part.type === 'mark') events++;
      yield part;
    }
  }
  const ranges = layout.labels.map(() => ({ min: Infinity, max: -Infinity }));
  const annotated: { record: number; annotations: readonly FrameAnnotation[] }[] = [];
  let [records, end] = [0, 0];
  let isDiscontinuous = false;
  for await (const { at, samples, annotations } of frameRecords(counted(), layout)) {
    isDiscontinuous ||= at !== end;
    end = at + layout.frames;
    samples.forEach((sample, i) => {
      const range = ranges[Math.floor(i / layout.frames)];
      if (sample < range.min) range.min = sample;
      if (sample > range.max) range.max = sample;
    });
    if (annotations.length > 0) annotated.push({ record: records, annotations });
    records++;
  }
  return {
    time: time ?? 0,
    records,
    frames,
    events,
    isDiscontinuous,
    ranges,
    annotationBytes(encode) {
      let [total, longest, most] = [0, 0, 0];
      for (const { record, annotations } of annotated.toReversed()) {
        for (const annotation of annotations) {
          const { length } = encode(annotation);
          total += length;
          longest = Math.max(longest, length);
        }
        most = Math.max(most, Math.ceil(total / (records - record)));
      }
      return most + longest;
    },
  };
}

function framesOf({ data, channels }: Block): number {
  return data.length / channels;
}

/**
 * Returns a number of frames, and their duration in s as text of at most 8 characters: about 1 s, and exact if possible.
 * @param most maximum number of frames
 */
export function recordLength(rate: number, most: number): { frames: number; duration: string } {
  const limit = Math.max(1, Math.floor(most));
  const usual = Math.min(limit, Math.max(1, Math.round(rate)));
  const isExact = (frames: number) => Math.abs(Number(positiveText(frames / rate)) * rate - frames) <= 1e-12 * frames;
  const longer = Array.from({ length: 100 }, (_, i) => Math.round(rate * (i + 1)));
  const shorter = Array.from({ length: Math.min(usual, 10_000) }, (_, i) => usual - i);
  const exact = [usual, ...longer, ...shorter].find((frames) => frames >= 1 && frames <= limit && isExact(frames));
  const frames = exact ?? usual;
  return { frames, duration: positiveText(frames / rate) };
}

/** Labels of at most 16 characters that differ. */
function uniqueLabels(labels: readonly string[]): string[] {
  const used = new Set<string>();
  return labels.map((label, c) => {
    const short = (label || `channel ${c + 1}`).slice(0, 16).trim();
    let unique = short;
    for (let n = 2; used.has(unique); n++) unique = `${short.slice(0, 15 - String(n).length)}~${n}`;
    used.add(unique);
    return unique;
  });
}

function precisionNote(
  format: 'edf' | 'bdf',
  ranges: readonly PhysicalRange[],
  labels: readonly string[],
  units: readonly string[],
): string {
  const gains = ranges.map((range) => gainOf(range, format));
  const c = gains.indexOf(Math.max(...gains));
  const precision = `${Number((gains[c] / 2).toPrecision(2))}${units[c] ? ` ${units[c]}` : ''}`;
  return `Samples are rounded to ${8 * sampleBytes[format]} bits, by at most ${precision} (channel ${labels[c]}).`;
}
