import { invalid, positive } from '../../core/check.ts';
import { type ByteParser } from '../byte-reader.ts';
import { channelsOf, chooseSignals, type Selection } from '../choose-signals.ts';
import { FrameCollector } from '../frame-collector.ts';
import { severalFilesReader, type ParsedFile, type SeveralFiles } from '../several-files.ts';
import { RecordClock } from '../edf/record-clock.ts';
import type { ReadOptions, RecordedMark, Recording, RecordingReader } from '../recording.ts';
import { decodeText } from '../text-field.ts';
import { wfdbAnnotations, type WfdbAnnotations } from './wfdb-annotations.ts';
import { WfdbColumn } from './wfdb-column.ts';
import { bytesOf, paddingOf, sampleAt, samplesIn } from './wfdb-formats.ts';
import { wfdbHeader, type WfdbHeader, type WfdbSignal } from './wfdb-header.ts';

/**
 * Creates a reader of WFDB records: a header (.hea, text), one or more files of samples (.dat, binary), and the annotations
 * (.atr), in this order. Samples are in physical units. `chooseSignals` selects the channels if signals have different
 * numbers of samples per frame. Annotations become marks, labeled with their mnemonics (see `wfdbAnnotations`); a record
 * without signals is a recording without channels. First stored
 * numbers and checksums that differ from the header are noted, and so are files that end early. The reader throws an Error
 * that names the wrong line or field of the header.
 */
export function wfdbReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return severalFilesReader((bytes) => new Wfdb(wfdbHeader(decodeText(bytes)), options));
}

/** Number of frames that are decoded at once, a multiple of the samples of a group in any format. */
const decodedFrames = 1536;

class Wfdb implements SeveralFiles {
  readonly files: readonly ParsedFile[];
  readonly #header: WfdbHeader;
  readonly #options: ReadOptions;
  readonly #selection: Selection<WfdbSignal>;
  readonly #columns: ReadonlyMap<WfdbSignal, WfdbColumn>;
  readonly #notes: string[] = [];
  #annotations: WfdbAnnotations = { annotations: [], resolution: undefined, truncated: false };

  constructor(header: WfdbHeader, options: ReadOptions) {
    this.#header = header;
    this.#options = options;
    this.#selection = chooseSignals(header.signals, 1 / header.rate, options);
    const { selected } = this.#selection;
    this.#columns = new Map(
      header.signals.map((signal) => [signal, new WfdbColumn(signal, selected.includes(signal))]),
    );
    const names = [...new Set(header.signals.map(({ file }) => file))];
    this.files = [
      ...names.map((name) => ({ name, extension: '.dat', optional: false, parse: () => this.#parseSamples(name) })),
      { name: `${header.name}.atr`, extension: '.atr', optional: true, parse: () => this.#parseAnnotations() },
    ];
  }

  recording(): Recording {
    const { frames: expected = 0, time = 0, rate: frameRate } = this.#header;
    const { selected, roles, notes } = this.#selection;
    const { annotations, truncated } = this.#annotations;
    if (selected.length === 0 && annotations.length === 0)
      throw new Error('the record has neither signals nor annotations (.atr)');
    const clock = (selected.at(0)?.samples ?? 1) * frameRate;
    const { rate = clock } = this.#options;
    const frames = new FrameCollector(Math.max(1, selected.length), rate, time);
    const samples = selected.map((signal) => this.#columns.get(signal)?.physical() ?? new Float32Array(0));
    const length = Math.max(0, ...samples.map((column) => column.length));
    const frame = new Float32Array(selected.length);
    for (let i = 0; i < length; i++) {
      for (let channel = 0; channel < selected.length; channel++) frame[channel] = samples[channel].at(i) ?? NaN;
      frames.add(frame);
    }
    return {
      format: 'wfdb',
      ...channelsOf(selected),
      rate,
      rateSource: this.#options.rate === undefined ? 'header' : 'options',
      time,
      ...(this.#header.time === undefined && { undated: true }),
      localTime: true,
      ...frames.end(),
      roles,
      marks: this.#marks(clock, rate),
      notes: [
        ...this.#header.notes,
        ...notes,
        ...[...this.#columns.values()].flatMap((column) => (column.frames < expected ? [] : column.differences())),
        ...this.#notes,
        ...(truncated ? ['The file of annotations ends early. The complete annotations are read.'] : []),
      ],
    };
  }

  *#parseSamples(name: string): ByteParser<void> {
    const signals = this.#header.signals.filter(({ file }) => file === name);
    const [{ format, offset }] = signals;
    const other = signals.find((signal) => signal.format !== format);
    if (other)
      throw invalid(
        `format of ${other.label}`,
        `${format.code}, as of the other signals in '${name}'`,
        other.format.code,
      );
    const columns = signals.flatMap((signal) => this.#columns.get(signal) ?? []);
    const samples = signals.reduce((sum, signal) => sum + signal.samples, 0);
    const { frames: expected = Infinity } = this.#header;
    if (offset > 0) yield offset;
    let frames = 0;
    let rest = 0;
    while (frames < expected) {
      const wanted = Math.min(decodedFrames, expected - frames);
      const bytes = yield bytesOf(format, wanted * samples);
      const got = Math.min(wanted, Math.floor(samplesIn(format, bytes.length) / samples));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      for (let frame = 0; frame < got; frame++)
        for (const column of columns)
          for (let i = 0; i < column.signal.samples; i++) column.add(sampleAt(format, view, at++));
      frames += got;
      rest = bytes.length - bytesOf(format, got * samples);
      if (got < wanted) break;
    }
    if (frames === 0) throw invalid(`number of complete frames in '${name}'`, '>= 1', 0);
    if (frames < expected && expected < Infinity)
      this.#notes.push(`'${name}' must contain ${expected} frames, as in the header, but contains ${frames}.`);
    if (frames < expected && rest > 0)
      this.#notes.push(`'${name}' ends within a frame: its last ${rest} bytes are skipped.`);
    const padding = paddingOf(format, frames * samples);
    if (frames === expected && (yield padding + 1).length > padding)
      this.#notes.push(`'${name}' contains more than the ${frames} frames of the header; the rest is skipped.`);
  }

  *#parseAnnotations(): ByteParser<void> {
    this.#annotations = wfdbAnnotations(yield Infinity);
  }

  /** @param clock frames per second by the header */
  #marks(clock: number, rate: number): RecordedMark[] {
    const { time, rate: frameRate } = this.#header;
    const { annotations, resolution = frameRate } = this.#annotations;
    const times = new RecordClock({ onsets: [0], starts: [0] }, clock, rate, time);
    return annotations
      .map(({ at, label }) => times.markOf({ onset: at / resolution, duration: 0, text: label }))
      .sort((a, b) => a.time - b.time);
  }
}
