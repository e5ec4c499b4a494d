import { invalid, positive } from '../../core/check.ts';
import { brainvisionHeader, type BrainvisionHeader } from './brainvision-header.ts';
import { BrainvisionMarkers, type Part } from './brainvision-markers.ts';
import type { ByteParser } from '../byte-reader.ts';
import { channelsOf } from '../choose-signals.ts';
import { selectColumns, type SelectedColumns } from '../columns.ts';
import { FrameCollector } from '../frame-collector.ts';
import { MissingRateError, type ReadOptions, type Recording, type RecordingReader } from '../recording.ts';
import { baseName, severalFilesReader, type ParsedFile, type SeveralFiles } from '../several-files.ts';
import { decodeText } from '../text-field.ts';

/**
 * Creates a reader of BrainVision: a header (.vhdr, text), the markers (.vmrk, text), and the samples (.eeg, binary), in this
 * order. Samples are in the units of the header. The markers become marks, and their dates set the time (see
 * `BrainvisionMarkers`). If the samples end early, the complete frames are kept, and `notes` mentions it. The reader throws an
 * Error that names the wrong entry of the header.
 */
export function brainvisionReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return severalFilesReader((bytes) => new Brainvision(brainvisionHeader(decodeText(bytes)), options));
}

/** Number of frames that are decoded at once. */
const decodedFrames = 512;

class Brainvision implements SeveralFiles {
  readonly files: readonly ParsedFile[];
  readonly #header: BrainvisionHeader;
  readonly #rate: number;
  readonly #selected: SelectedColumns;
  readonly #notes: string[] = [];
  #markers: BrainvisionMarkers;
  #frames: FrameCollector;
  /** Frames of the file that were read. */
  #read = 0;
  /** Parts of the recording that have begun. */
  #parts = 1;
  readonly #maxGap: number | undefined;

  constructor(header: BrainvisionHeader, options: ReadOptions) {
    const rate = options.rate ?? header.rate;
    if (rate === undefined) throw new MissingRateError('the header has no SamplingInterval.');
    this.#header = header;
    this.#rate = rate;
    const labels = header.channels.map(({ label }) => label);
    this.#selected = selectColumns(labels, options, () => [...labels.keys()]);
    this.#maxGap = options.maxGap;
    this.#markers = new BrainvisionMarkers('', rate);
    this.#frames = this.#collector();
    const [markers, samples] = [header.markerFile, header.dataFile].map(baseName);
    this.files = [
      ...(markers === ''
        ? []
        : [{ name: markers, extension: '.vmrk', optional: true, parse: () => this.#parseMarkers(markers) }]),
      {
        name: samples,
        extension: /\.\w+$/.exec(samples)?.[0] ?? '.eeg',
        optional: false,
        parse: () => this.#parseSamples(samples),
      },
    ];
  }

  recording(): Recording {
    const channels = this.#selected.columns.map((column) => ({ ...this.#header.channels[column], transducer: '' }));
    return {
      format: 'brainvision',
      ...channelsOf(channels),
      rate: this.#rate,
      rateSource: this.#rate === this.#header.rate ? 'header' : 'options',
      time: this.#markers.parts[0].time,
      ...(!this.#markers.isDated && { undated: true }),
      localTime: true,
      ...this.#frames.end(),
      roles: this.#selected.roles,
      marks: this.#markers.marks(),
      notes: [...this.#notes, ...this.#markers.notes],
    };
  }

  *#parseMarkers(name: string): ByteParser<void> {
    const bytes = yield Infinity;
    if (bytes.length === 0) {
      this.#notes.push(`The marker file '${name}' is missing: events and the start of the recording are unknown.`);
      return;
    }
    this.#markers = new BrainvisionMarkers(decodeText(bytes), this.#rate, this.#maxGap);
    this.#frames = this.#collector();
  }

  *#parseSamples(name: string): ByteParser<void> {
    const { points, vectorized, channels } = this.#header;
    const frameBytes = channels.length * this.#header.type.bytes;
    const read = yield* vectorized ? this.#parseChannels(frameBytes) : this.#parseFrames(frameBytes);
    if (this.#read === 0) throw invalid(`number of complete frames in '${name}'`, '>= 1', 0);
    const { lost } = this.#frames.end();
    if (lost > 0) this.#notes.push(`The recording was paused: ${lost} frames are missing before later segments.`);
    const expected = points === undefined ? Math.ceil(read / frameBytes) : points;
    if (read !== expected * frameBytes)
      this.#notes.push(
        `'${name}' must have ${expected * frameBytes} bytes for ${expected} frames, but has ${read}. ${this.#read} frames are read.`,
      );
  }

  /** Reads frame after frame to the end of the file. Returns its number of bytes. */
  *#parseFrames(frameBytes: number): ByteParser<number> {
    const wanted = decodedFrames * frameBytes;
    const { bytes: size } = this.#header.type;
    const { length: channels } = this.#header.channels;
    for (let read = 0; ;) {
      const bytes = yield wanted;
      read += bytes.length;
      this.#add(bytes, Math.floor(bytes.length / frameBytes), (frame, channel) => (frame * channels + channel) * size);
      if (bytes.length < wanted) return read;
    }
  }

  /** Reads channel after channel. Samples behind the end of the file are missing. Returns its number of bytes. */
  *#parseChannels(frameBytes: number): ByteParser<number> {
    const bytes = yield Infinity;
    const { bytes: size } = this.#header.type;
    const points = this.#header.points ?? Math.floor(bytes.length / frameBytes);
    const frames = Math.min(points, Math.floor(bytes.length / size));
    this.#add(bytes, frames, (frame, channel) => (channel * points + frame) * size);
    return bytes.length;
  }

  /** Adds frames, whose samples are at the offsets `offsetOf` in bytes. */
  #add(bytes: Uint8Array, frames: number, offsetOf: (frame: number, channel: number) => number): void {
    const { type, channels } = this.#header;
    const { columns } = this.#selected;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const samples = new Array<number>(columns.length);
    for (let frame = 0; frame < frames; frame++, this.#read++) {
      for (; (this.#markers.parts.at(this.#parts)?.position ?? Infinity) <= this.#read; this.#parts++)
        this.#begin(this.#markers.parts[this.#parts]);
      for (const [i, column] of columns.entries()) {
        const at = offsetOf(frame, column);
        samples[i] = at + type.bytes <= bytes.length ? channels[column].resolution * type.read(view, at) : NaN;
      }
      this.#frames.add(samples);
    }
  }

  #begin({ start, time, isSegment }: Part): void {
    if (isSegment) this.#frames.startSegment(time);
    this.#frames.skip(start - this.#frames.next);
    this.#frames.setClock(time, 0);
  }

  #collector(): FrameCollector {
    return new FrameCollector(this.#selected.columns.length, this.#rate, this.#markers.parts[0].time);
  }
}
