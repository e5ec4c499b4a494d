import { type Block, frameCount } from '../../core/blocks/block.ts';
import type { MarkEvent } from '../../store/recorded-event.ts';
import { UsageError } from '../failure.ts';
import { numberOf, type StoredPart } from '../stored-stream.ts';

/** An annotation. Times in frames since the first frame of the file. */
export interface FrameAnnotation {
  readonly at: number;
  readonly frames: number;
  readonly label: string;
}

/** One record of a file. */
export interface FrameRecord {
  /** Frames between the first frame of the file and that of the record. */
  readonly at: number;
  /** Finite samples, [channels, frames]. */
  readonly samples: Float32Array;
  readonly annotations: readonly FrameAnnotation[];
}

/** What determines the records. */
export interface RecordLayout {
  readonly labels: readonly string[];
  /** Sampling rate in Hz. */
  readonly rate: number;
  /** Frames per record. */
  readonly frames: number;
  /** The longest gap, in frames, whose frames are filled. Whole records of a longer one are omitted. */
  readonly maxFilled: number;
}

/**
 * Cuts a recording into records of equal length. EDF has no missing samples: in their place, the last sample is repeated, and
 * an annotation that begins with `BAD_` covers them, so that MNE ignores them.
 */
export async function* frameRecords(
  parts: AsyncIterable<StoredPart>,
  layout: RecordLayout,
): AsyncGenerator<FrameRecord, void> {
  const builder = new RecordBuilder(layout);
  for await (const part of parts) {
    if (part.type === 'run') builder.beginRun(part.run, numberOf(part));
    else if (part.type === 'mark') builder.mark(part);
    else if (part.type === 'block') yield* builder.push(part.block);
  }
  yield* builder.end();
}

class RecordBuilder {
  readonly #layout: RecordLayout;
  #samples: Float32Array;
  readonly #last: Float32Array;
  #annotations: FrameAnnotation[] = [];
  /** First frame of the current record, and the next frame, since the first frame of the file. */
  #record = 0;
  #next = 0;
  /** Time of the first frame of the file in ms. */
  #time: number | undefined;
  #run = -1;
  #number = -1;
  /** Frame of the file minus index of the frame in its run; undefined until the first block of a run. */
  #offset: number | undefined;
  #waiting: MarkEvent[] = [];
  /** Frames that are being marked as bad. */
  #bad: { at: number; label: string } | undefined;

  constructor(layout: RecordLayout) {
    this.#layout = layout;
    this.#samples = new Float32Array(layout.frames * layout.labels.length);
    this.#last = new Float32Array(layout.labels.length);
  }

  beginRun(run: number, number: number): void {
    if (run === this.#run) return;
    this.#run = run;
    this.#number = number;
    this.#offset = undefined;
  }

  mark(event: MarkEvent): void {
    if (this.#offset === undefined) this.#waiting.push(event);
    else this.#annotate(event, this.#offset);
  }

  *push(block: Block): Generator<FrameRecord, void> {
    this.#offset ??= this.#firstFrame(block);
    for (const event of this.#waiting.splice(0)) this.#annotate(event, this.#offset);
    yield* this.#skipTo(this.#offset + block.start);
    const { labels } = this.#layout;
    const { data, channels, valid } = block;
    for (let frame = 0; frame < frameCount(block); frame++) {
      const ready = this.#ready();
      if (ready) yield ready;
      const missing: string[] = [];
      for (let c = 0; c < channels; c++) {
        const sample = data[frame * channels + c];
        if (Number.isFinite(sample)) this.#last[c] = sample;
        else missing.push(labels[c]);
      }
      const isBad = missing.length > 0 || valid?.[frame] === 0;
      this.#setBad(isBad ? ['BAD_missing', ...missing].join(' ') : undefined);
      this.#repeat();
    }
  }

  *end(): Generator<FrameRecord, void> {
    this.#setBad(undefined);
    if (this.#time === undefined) return;
    const rest = this.#record + this.#layout.frames - this.#next;
    if (rest > 0) this.#annotations.push({ at: this.#next, frames: rest, label: 'BAD_padding' });
    for (let n = 0; n < rest; n++) this.#repeat();
    yield this.#take();
  }

  /** The offset of the first block of a run. @throws UsageError if it overlaps the run before */
  #firstFrame({ start, time }: Block): number {
    this.#time ??= time;
    const frame = Math.round(((time - this.#time) * this.#layout.rate) / 1000);
    if (frame < this.#next)
      throw new UsageError(
        `run ${this.#number} starts before the end of the run before it. Export each of them to a file with --run.`,
      );
    return frame - start;
  }

  #annotate({ at, label, frames = 0 }: MarkEvent, offset: number): void {
    this.#annotations.push({ at: offset + at, frames, label });
  }

  /** Fills or omits the frames before `frame`. */
  *#skipTo(frame: number): Generator<FrameRecord, void> {
    const missing = frame - this.#next;
    if (missing <= 0) return;
    this.#setBad(undefined);
    this.#annotations.push({ at: this.#next, frames: missing, label: `BAD_gap ${missing} frames missing` });
    const { frames, maxFilled } = this.#layout;
    while (this.#next < frame) {
      const ready = this.#ready();
      if (ready) yield ready;
      const isWhole = this.#next === this.#record && frame - this.#next >= frames;
      if (missing > maxFilled && isWhole) {
        this.#next += Math.floor((frame - this.#next) / frames) * frames;
        this.#record = this.#next;
      } else this.#repeat();
    }
  }

  /** Appends the last sample of each channel as a frame. */
  #repeat(): void {
    const { frames } = this.#layout;
    const at = this.#next - this.#record;
    for (let c = 0; c < this.#last.length; c++) this.#samples[c * frames + at] = this.#last[c];
    this.#next++;
  }

  #setBad(label: string | undefined): void {
    if (label === this.#bad?.label) return;
    if (this.#bad) this.#annotations.push({ ...this.#bad, frames: this.#next - this.#bad.at });
    this.#bad = label === undefined ? undefined : { at: this.#next, label };
  }

  /** Returns the current record if it is full. It is kept until the next frame, so that the last one gets all annotations. */
  #ready(): FrameRecord | undefined {
    return this.#next === this.#record + this.#layout.frames ? this.#take() : undefined;
  }

  #take(): FrameRecord {
    const record = { at: this.#record, samples: this.#samples, annotations: this.#annotations };
    this.#samples = new Float32Array(this.#samples.length);
    this.#annotations = [];
    this.#record += this.#layout.frames;
    return record;
  }
}
