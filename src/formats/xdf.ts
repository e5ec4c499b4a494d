import { positive } from '../core/check.ts';
import { byteReader, wholeBytes, type ByteParser } from './byte-reader.ts';
import { channelsOf } from './choose-signals.ts';
import { selectColumns, type SelectedColumns } from './columns.ts';
import { FrameCollector } from './frame-collector.ts';
import {
  MissingRateError,
  type ReadOptions,
  type RecordedMark,
  type Recording,
  type RecordingReader,
} from './recording.ts';
import { decodeText } from './text-field.ts';
import { removeJitter, replaceWild, synchronize, type Segments } from './xdf-clock.ts';
import { lengthOf, XdfStream } from './xdf-stream.ts';
import { parseXml, textOf } from './xml.ts';

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
    const stream = tag === 3 || tag === 4 ? streams.get(view.getUint32(2, true)) : undefined;
    if (truncated && tag !== 3) break;
    if (tag === 1) date = textOf(xmlOf('the file header', content.subarray(2)), 'datetime');
    else if (tag === 2) streams.set(view.getUint32(2, true), streamOf(content));
    else if (tag === 3 && stream)
      stream.incomplete = (!stream.add(content.subarray(6)) && !truncated) || stream.incomplete;
    else if (tag === 4 && stream && content.length >= 22) {
      stream.addOffset(view.getFloat64(6, true), view.getFloat64(14, true));
    } else if (tag === 3 || tag === 4) damaged++;
    if (truncated) break;
  }
  const all = [...streams.values()];
  if (all.length === 0) throw new Error('the file contains no stream');
  if (damaged > 0) notes.push(`Damaged parts of the file are skipped: ${damaged}.`);
  return recordingOf(all, date, options, notes);
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

function recordingOf(all: readonly XdfStream[], date: string, options: ReadOptions, notes: string[]): Recording {
  const numeric = all.filter(({ isMarkers, frames }) => !isMarkers && frames > 0).sort(byRelevance);
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
    ...(incomplete.length > 0 ? [`Some chunks contain fewer samples than they state: ${incomplete.join(', ')}.`] : []),
    ...notes,
  ];
  if (!chosen) {
    const marks = all.filter(({ isMarkers }) => isMarkers).flatMap(eventsOf);
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
  const timeline = new Timeline(stream, options.rate);
  const frames = timeline.collect(stream, selected.columns, start.time);
  const others = numeric.filter((other) => other !== stream);
  const channels = selected.columns.map((column) => stream.channels[column]);
  return {
    ...header,
    ...channelsOf(channels.map(({ label, unit = '' }) => ({ label, unit, transducer: stream.type }))),
    rate: timeline.rate,
    rateSource: timeline.rateSource,
    blocks: frames.blocks,
    frames: frames.frames,
    lost: frames.lost,
    roles: selected.roles,
    marks: marksAt(
      all.filter(({ isMarkers }) => isMarkers).flatMap(eventsOf),
      (time) => timeline.frameAt(time),
      (time) => start.time + timeline.millisecondsAt(time),
    ),
    notes: [
      ...(others.length > 0
        ? [`Read the stream ${named(stream)}. Skipped other streams: ${others.map(named).join(', ')}.`]
        : []),
      ...timeline.notes,
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

/** An event at an unrounded time in s, by the clock of the recorder. */
interface TimedEvent {
  readonly time: number;
  readonly label: string;
}

function eventsOf(stream: XdfStream): TimedEvent[] {
  const stamps = stream.stamps();
  synchronize(stamps, stream.offsets);
  return stream.texts.map((label, i) => ({ time: stamps[i], label })).filter(({ label }) => label !== '');
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

/** Frames below which the measured rate does not replace the nominal one. */
const measuredFrames = 100;

/** The times of the frames of a stream. */
class Timeline {
  /** Sampling rate in Hz. */
  readonly rate: number;
  readonly rateSource: 'options' | 'header' | 'times';
  readonly notes: readonly string[];
  /** Timestamps in s by the clock of the recorder. */
  readonly #stamps: Float64Array;
  /** Indexes of the first frames of segments, and the frames lost before them. */
  readonly #gaps: ReadonlyMap<number, number>;
  /** Accepted difference between the time of a frame and its timestamp in ms. */
  readonly #tolerance: number;

  constructor(stream: XdfStream, given: number | undefined) {
    const stamps = stream.stamps();
    synchronize(stamps, stream.offsets);
    this.#stamps = stamps;
    const regular = stream.rate > 0;
    const wild = regular ? replaceWild(stamps, stream.rate) : 0;
    const segments: Segments =
      regular && !stream.canDrop ? removeJitter(stamps, stream.rate) : { ranges: [[0, stamps.length]], rate: NaN };
    const backwards = stamps.reduce((count, stamp, i) => count + (i > 0 && stamp < stamps[i - 1] ? 1 : 0), 0);
    const deviates = stamps.length >= measuredFrames && Math.abs(segments.rate / stream.rate - 1) > 0.01;
    const measured = Number(segments.rate.toPrecision(6));
    const rate = given ?? (regular ? (deviates ? measured : stream.rate) : 1 / medianStep(stamps));
    if (!(rate > 0 && rate < Infinity))
      throw new MissingRateError(`the timestamps of the stream '${stream.name}' do not determine the sampling rate.`);
    this.rate = rate;
    this.rateSource = given !== undefined ? 'options' : regular && !deviates ? 'header' : 'times';
    this.#tolerance = given !== undefined && regular ? Infinity : regular ? 0.25 : 1e-3;
    this.#gaps = new Map(
      segments.ranges
        .slice(1)
        .map(([first]) => [first, Math.max(0, Math.round((stamps[first] - stamps[first - 1]) * rate) - 1)]),
    );
    this.notes = [
      ...(regular || stamps.length < 2
        ? []
        : [
            `The stream '${stream.name}' is irregular. Each frame keeps its own time; ${Number(rate.toPrecision(3))} Hz is assumed where a sampling rate is needed.`,
          ]),
      ...(deviates && given === undefined
        ? [
            `The stream '${stream.name}' has a nominal rate of ${stream.rate} Hz, but its timestamps imply ${measured} Hz, which is used.`,
          ]
        : []),
      ...(wild > 0
        ? [`Timestamps of the stream '${stream.name}' that the next ones contradict are ignored: ${wild}.`]
        : []),
      ...(backwards > 0 ? [`The time of the stream '${stream.name}' goes back ${backwards} times.`] : []),
    ];
  }

  /** The time in ms since frame 0 of a time in s. A given sampling rate determines the clock of a regular stream. */
  millisecondsAt(time: number): number {
    return this.#tolerance === Infinity ? (this.frameAt(time) * 1000) / this.rate : (time - this.#stamps[0]) * 1000;
  }

  /** Collects the frames of the stream. @param start time of frame 0 in ms */
  collect(stream: XdfStream, columns: readonly number[], start: number): FrameCollector {
    const frames = new FrameCollector(columns.length, this.rate, start);
    const { length: channels } = stream.channels;
    const frame = new Float32Array(columns.length);
    let index = 0;
    for (const piece of stream.pieces)
      for (let from = 0; from < piece.length; from += channels, index++) {
        frames.skip(this.#gaps.get(index) ?? 0);
        frames.setClock(start + (this.#stamps[index] - this.#stamps[0]) * 1000, this.#tolerance);
        for (const [i, column] of columns.entries()) frame[i] = piece[from + column];
        frames.add(frame);
      }
    frames.endBlock();
    return frames;
  }

  /** The unrounded index of the frame at a time in s. */
  frameAt(time: number): number {
    const stamps = this.#stamps;
    let [low, high] = [0, stamps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (stamps[middle] <= time) low = middle + 1;
      else high = middle;
    }
    const before = Math.max(0, low - 1);
    const lost = [...this.#gaps].reduce((sum, [first, count]) => sum + (first <= before ? count : 0), 0);
    const step = low > 0 && low < stamps.length && !this.#gaps.has(low) ? stamps[low] - stamps[before] : 1 / this.rate;
    return before + lost + (time - stamps[before]) / step;
  }
}

function medianStep(stamps: Float64Array): number {
  const steps = stamps.subarray(1).map((stamp, i) => stamp - stamps[i]);
  return steps.sort().at(steps.length >> 1) ?? NaN;
}
