import { positive } from '../../core/check.ts';
import { byteReader, type ByteParser } from '../byte-reader.ts';
import { channelsOf } from '../choose-signals.ts';
import { selectColumns, type SelectedColumns } from '../columns.ts';
import type { ReadOptions, RecordedMark, Recording, RecordingReader } from '../recording.ts';
import { xdfContent, type XdfContent } from './xdf-chunks.ts';
import { synchronize } from './xdf-clock.ts';
import type { XdfStream } from './xdf-stream.ts';
import { XdfTimeline } from './xdf-timeline.ts';

/**
 * Creates a reader of XDF, as written by LabRecorder. A file contains several streams with different rates. One of them
 * becomes the frames: the stream that contains `columns`, or else the EEG stream, or else the numeric stream with the most
 * samples; `notes` names the others. Streams of texts and of numeric markers become marks.
 *
 *     timestamps + clock offsets -> one clock for all streams      (see `synchronize`)
 *     timestamps of a regular stream -> without jitter             (see `removeJitter`)
 *     frame 0                        -> date in the file header
 *
 * Breaks of a regular stream are gaps. Each frame of an irregular stream keeps its own time. Damaged parts are skipped and
 * mentioned in a note, and so is a cut end. A file with markers only is a recording without channels: `at` of its marks is
 * in ms, or in frames of the option `rate`. https://github.com/sccn/xdf/wiki/Specifications
 */
export function xdfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(xdf(options));
}

function* xdf(options: ReadOptions): ByteParser<Recording> {
  return recordingOf(yield* xdfContent(), options);
}

function recordingOf({ streams: all, date, notes }: XdfContent, options: ReadOptions): Recording {
  const garbage = all.filter((stream) => stream.removeGarbage()).map(({ name }) => `'${name}'`);
  const numeric = all.filter((stream) => !isEventStream(stream) && stream.frames > 0).sort(byRelevance);
  const chosen = chooseStream(numeric, options);
  const start = startOf(date);
  const incomplete = all.filter((stream) => stream.incomplete).map(({ name }) => `'${name}'`);
  const header = {
    format: 'xdf' as const,
    time: start.time,
    ...(start.time === 0 && { undated: true as const }),
    ...(start.local && { localTime: true as const }),
  };
  const shared = [
    ...(start.time === 0 ? ['The start of the recording is unknown: the file header contains no date.'] : []),
    ...(garbage.length > 0
      ? [`Invalid samples at the end, which the footer does not count, are skipped: ${garbage.join(', ')}.`]
      : []),
    ...(incomplete.length > 0 ? [`Some chunks contain fewer samples than they state: ${incomplete.join(', ')}.`] : []),
    ...notes,
  ];
  if (!chosen) {
    const marks = all.filter(isEventStream).flatMap(eventsOf);
    if (marks.length === 0) throw new Error('the streams of the file contain no samples');
    const first = Math.min(...marks.map(({ time }) => time));
    const rate = options.rate ?? 1000;
    return {
      ...header,
      channels: [],
      rate,
      blocks: [],
      frames: 0,
      lost: 0,
      marks: marksAt(
        marks,
        (time) => (time - first) * rate,
        (time) => start.time + (time - first) * 1000,
      ),
      notes: shared,
    };
  }
  const { stream, selected } = chosen;
  const timeline = new XdfTimeline(stream, options);
  const frames = timeline.collect(stream, selected.columns, start.time);
  const markers = all.filter(isEventStream);
  const marks = marksAt(
    markers.flatMap(eventsOf),
    (time) => timeline.frameAt(time),
    (time) => start.time + timeline.millisecondsAt(time),
  );
  const others = numeric.filter((other) => other !== stream);
  const channels = selected.columns.map((column) => stream.channels[column]);
  return {
    ...header,
    ...channelsOf(channels),
    rate: timeline.rate,
    rateSource: timeline.rateSource,
    ...frames.end(),
    roles: selected.roles,
    marks,
    notes: [
      ...(others.length > 0
        ? [`Read the stream ${named(stream)}. Skipped other streams: ${others.map(named).join(', ')}.`]
        : []),
      ...timeline.notes,
      ...clockNotes([stream, ...markers]),
      ...(marks.length > 0 && marks.every(({ at }) => at < 0 || at >= frames.next)
        ? ['No event is within the frames: the clocks of the streams may differ.']
        : []),
      ...shared,
    ],
  };
}

function named({ name, channels, rate }: XdfStream): string {
  return `'${name}' (${channels.length === 1 ? '1 channel' : `${channels.length} channels`}, ${rate > 0 ? `${rate} Hz` : 'irregular'})`;
}

/** EEG before other streams, then the most samples first. */
function byRelevance(a: XdfStream, b: XdfStream): number {
  const isEeg = ({ type }: XdfStream) => Number(/^EEG$/i.test(type));
  const samples = ({ frames, channels }: XdfStream) => frames * channels.length;
  return isEeg(b) - isEeg(a) || samples(b) - samples(a);
}

/** The first stream that has the selected columns; undefined if there are no streams. */
function chooseStream(
  streams: readonly XdfStream[],
  options: ReadOptions,
): { stream: XdfStream; selected: SelectedColumns } | undefined {
  let failure: unknown;
  for (const stream of streams) {
    const labels = stream.channels.map(({ label }) => label);
    try {
      return { stream, selected: selectColumns(labels, options, () => [...labels.keys()]) };
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure as Error;
  return undefined;
}

/** The date of a file header in ms; 0 if it is unknown. It is local if it has no zone. */
function startOf(date: string): { time: number; local: boolean } {
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?(Z|[+-]\d\d:?\d\d)?$/.exec(date);
  const zone = parts?.[3]?.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  const time = parts ? Date.parse(`${parts[1]}T${parts[2]}${zone ?? 'Z'}`) : NaN;
  return Number.isNaN(time) ? { time: 0, local: false } : { time, local: zone === undefined };
}

/** Whether a stream contains events: texts, numeric markers, or triggers that are far rarer than their nominal rate. */
function isEventStream(stream: XdfStream): boolean {
  if (stream.isMarkers) return true;
  if (!/marker|event|trigger|stim/i.test(stream.type)) return false;
  const stamps = stream.stamps();
  return stamps.length > 1 && (stamps.length - 1) / (stamps[stamps.length - 1] - stamps[0]) < stream.rate / 10;
}

/** Notes on streams from different computers of which one has no clock offsets. */
function clockNotes(streams: readonly XdfStream[]): string[] {
  const hosts = new Set(streams.map(({ host }) => host).filter((host) => host !== ''));
  const without = streams.filter(({ offsets }) => offsets.times.length === 0).map(({ name }) => `'${name}'`);
  return hosts.size > 1 && without.length > 0
    ? [`Streams from different computers without clock offsets: ${without.join(', ')}. Events may be shifted.`]
    : [];
}

/** An event at an unrounded time in s, by the clock of the recorder. */
interface TimedEvent {
  readonly time: number;
  readonly label: string;
}

function eventsOf(stream: XdfStream): TimedEvent[] {
  const stamps = stream.stamps();
  synchronize(stamps, stream.offsets);
  const texts = stream.isMarkers ? stream.texts : stream.numbers().map((values) => values.join(' '));
  return texts.map((label, i) => ({ time: stamps[i], label })).filter(({ label }) => label !== '');
}

/** @param frameAt unrounded frame of a time in s  @param timeAt time in ms of a time in s */
function marksAt(
  events: readonly TimedEvent[],
  frameAt: (time: number) => number,
  timeAt: (time: number) => number,
): RecordedMark[] {
  return [...events]
    .sort((a, b) => a.time - b.time)
    .map(({ time, label }) => ({ at: Math.round(frameAt(time)), time: timeAt(time), label }));
}
