import { invalid, positive } from '../core/check.ts';
import { type ByteParser } from './byte-reader.ts';
import { channelsOf, chooseSignals, type Selection } from './choose-signals.ts';
import { FrameCollector } from './frame-collector.ts';
import { severalFilesReader, type ParsedFile, type SeveralFiles } from './several-files.ts';
import type { ReadOptions, RecordedMark, Recording, RecordingReader } from './recording.ts';
import type { Signal } from './signal.ts';
import { decodeText } from './text-field.ts';
import { wfdbAnnotations, type WfdbAnnotations } from './wfdb-annotations.ts';
import { wfdbHeader, type WfdbHeader, type WfdbSignal } from './wfdb-header.ts';

/**
 * Creates a reader of WFDB records: a header (.hea, text), one or more files of samples (.dat, binary), and the annotations
 * (.atr), in this order. Samples are in physical units. `chooseSignals` selects the channels if signals have different
 * numbers of samples per frame. Annotations become marks, labeled with their mnemonics (see `wfdbAnnotations`). First stored
 * numbers and checksums that differ from the header are noted, and so are files that end early. The reader throws an Error
 * that names the wrong line or field of the header.
 */
export function wfdbReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return severalFilesReader((bytes) => new Wfdb(wfdbHeader(decodeText(bytes)), options));
}

/** Number of frames that are decoded at once. */
const decodedFrames = 1024;

class Wfdb implements SeveralFiles {
  readonly files: readonly ParsedFile[];
  readonly #header: WfdbHeader;
  readonly #selection: Selection;
  /** The selected signals, in their order. */
  readonly #selected: readonly WfdbSignal[];
  readonly #columns = new Map<WfdbSignal, Column>();
  readonly #notes: string[] = [];
  #annotations: WfdbAnnotations = { annotations: [], resolution: undefined, truncated: false };

  constructor(header: WfdbHeader, options: ReadOptions) {
    this.#header = header;
    const signals = header.signals.map(signalOf);
    this.#selection = chooseSignals(signals, 1 / header.rate, options);
    this.#selected = this.#selection.selected.map((signal) => header.signals[signals.indexOf(signal)]);
    for (const signal of header.signals) this.#columns.set(signal, new Column(signal, this.#selected.includes(signal)));
    const names = [...new Set(header.signals.map(({ file }) => file))];
    this.files = [
      ...names.map((name) => ({ name, extension: '.dat', optional: false, parse: () => this.#parseSamples(name) })),
      { name: `${header.name}.atr`, extension: '.atr', optional: true, parse: () => this.#parseAnnotations() },
    ];
  }

  recording(): Recording {
    const { frames: expected = 0, time = 0, rate: frameRate } = this.#header;
    const columns = [...this.#columns.values()];
    const samples = this.#selected[0].samples;
    const clock = samples * frameRate;
    const rate = this.#selection.rate === this.#selection.clock ? clock : this.#selection.rate;
    const frames = new FrameCollector(this.#selected.length, rate, time);
    const selected = this.#selected.map((signal) => this.#columns.get(signal)?.physical() ?? new Float32Array(0));
    const length = Math.max(...selected.map((column) => column.length));
    const frame = new Float32Array(selected.length);
    for (let i = 0; i < length; i++) {
      for (let channel = 0; channel < selected.length; channel++) frame[channel] = selected[channel].at(i) ?? NaN;
      frames.add(frame);
    }
    frames.endBlock();
    return {
      format: 'wfdb',
      ...channelsOf(this.#selection.selected),
      rate,
      rateSource: rate === clock ? 'header' : 'options',
      time,
      ...(this.#header.time === undefined && { undated: true }),
      localTime: true,
      blocks: frames.blocks,
      frames: frames.frames,
      lost: 0,
      roles: this.#selection.roles,
      marks: this.#marks(clock, (1000 * clock) / rate),
      notes: [
        ...this.#header.notes,
        ...this.#selection.notes,
        ...columns.flatMap((column) => (column.frames < expected ? [] : column.differences())),
        ...this.#notes,
        ...(this.#annotations.truncated
          ? ['The file of annotations ends early. The complete annotations are read.']
          : []),
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
    const frameBytes = samples * format.bytes;
    const { frames: expected = Infinity } = this.#header;
    if (offset > 0) yield offset;
    let frames = 0;
    let rest = 0;
    while (frames < expected) {
      // Except at the end, an even number of frames: in format 212, it has a whole number of bytes.
      const wanted = Math.min(decodedFrames, expected - frames);
      const bytes = yield Math.ceil(wanted * frameBytes);
      const got = Math.min(wanted, Math.floor(bytes.length / frameBytes));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      for (let frame = 0; frame < got; frame++)
        for (const column of columns)
          for (let i = 0; i < column.signal.samples; i++, at += format.bytes) column.add(format.read(view, at));
      frames += got;
      rest = bytes.length - got * frameBytes;
      if (got < wanted) break;
    }
    if (frames === 0) throw invalid(`number of complete frames in '${name}'`, '>= 1', 0);
    if (frames < expected && expected < Infinity)
      this.#notes.push(`'${name}' must contain ${expected} frames, as in the header, but contains ${frames}.`);
    if (frames < expected && rest >= 1)
      this.#notes.push(`'${name}' ends within a frame: its last ${Math.floor(rest)} bytes are skipped.`);
    if (frames === expected && (yield 1).length > 0)
      this.#notes.push(`'${name}' contains more than the ${frames} frames of the header; the rest is skipped.`);
  }

  *#parseAnnotations(): ByteParser<void> {
    this.#annotations = wfdbAnnotations(yield Infinity);
  }

  /** @param clock frames per second by the header  @param scale ms per second of the header */
  #marks(clock: number, scale: number): RecordedMark[] {
    const { time = 0, rate } = this.#header;
    const { annotations, resolution = rate } = this.#annotations;
    return annotations
      .map(({ at, label }) => ({
        at: Math.round((at * clock) / resolution),
        time: time + (at * scale) / resolution,
        label,
      }))
      .sort((a, b) => a.time - b.time);
  }
}

/** The samples of one signal. */
class Column {
  readonly signal: WfdbSignal;
  readonly #kept: boolean;
  #stored = new Int32Array(decodedFrames);
  #length = 0;
  #first = NaN;
  #sum = 0;

  constructor(signal: WfdbSignal, kept: boolean) {
    this.signal = signal;
    this.#kept = kept;
  }

  get frames(): number {
    return Math.floor(this.#length / this.signal.samples);
  }

  add(stored: number): void {
    if (this.#length === 0) this.#first = stored;
    this.#sum = (this.#sum + stored) | 0;
    if (this.#kept) {
      if (this.#length === this.#stored.length) {
        const longer = new Int32Array(2 * this.#length);
        longer.set(this.#stored);
        this.#stored = longer;
      }
      this.#stored[this.#length] = stored;
    }
    this.#length++;
  }

  /** Samples in physical units, without skew; the last ones of a skewed signal are missing. */
  physical(): Float32Array {
    const { gain, baseline, format, skew, samples } = this.signal;
    const physical = new Float32Array(this.#length).fill(NaN);
    for (let i = 0, at = skew * samples; at < this.#length; i++, at++)
      if (this.#stored[at] !== format.missing) physical[i] = (this.#stored[at] - baseline) / gain;
    return physical;
  }

  /** Notes on a first stored number or a checksum other than in the header. */
  differences(): string[] {
    const { first, checksum, label, skew } = this.signal;
    const sum = (this.#sum << 16) >> 16;
    const differs = (what: string, header: number, file: number) =>
      `The ${what} of ${label} is ${file}, but the header specifies ${header}. The file may be damaged.`;
    return [
      ...(first !== undefined && skew === 0 && first !== this.#first
        ? [differs('first stored number', first, this.#first)]
        : []),
      ...(checksum !== undefined && ((checksum - sum) & 0xffff) !== 0 ? [differs('checksum', checksum, sum)] : []),
    ];
  }
}

/** A signal as `chooseSignals` requires it: a record is a frame. */
function signalOf({ label, unit, samples, format, gain, baseline }: WfdbSignal): Signal {
  return {
    label,
    unit,
    transducer: '',
    content: 'samples',
    samples,
    type: format,
    scale: () => ({ gain: 1 / gain, zero: baseline, offset: 0 }),
  };
}
