import { detectorInput } from '../../core/detector/digest.ts';
import type { MarkEvent, RunEvent } from '../../store/recorded-event.ts';
import { framesToFirstScore } from '../alarm-text.ts';
import { counted } from '../amounts.ts';
import { numberOf } from '../stored-stream.ts';
import type { BacktestMark } from './backtest-result.ts';
import type { StreamProgress } from './replay-side.ts';
import { isReplayed } from './stream-alarms.ts';
import { noAmounts, type ReadAmounts, type SpanEvent } from './span-events.ts';

/** Maximum number of events (annotations) that are kept. */
const maxMarks = 1000;

/** Progress and notes of a recorded stream while it is read. */
export class ReadStream implements StreamProgress {
  readonly amounts: ReadAmounts = noAmounts();
  /** The first events (annotations) in the span. */
  readonly marks: BacktestMark[] = [];
  run: RunEvent | undefined;
  isInSpan = false;
  /** Time of the newest event in ms since 1970. */
  now: number = -Infinity;
  #markCount = 0;
  #notReplayed = 0;
  #compared: RunEvent | undefined;
  /** First frame that was read of each run, by its number. */
  readonly #firstFrames = new Map<number, number>();
  readonly #isSame = new Set<boolean | undefined>();

  /** Adds an event, before it is processed. */
  add({ event, run, now, isInSpan }: SpanEvent): void {
    this.run = run;
    this.now = now;
    this.isInSpan = isInSpan;
    const number = numberOf(run);
    if (event.type === 'block' && !this.#firstFrames.has(number)) this.#firstFrames.set(number, event.block.start);
    if (!isInSpan) return;
    if (event.type === 'mark') this.#addMark(event);
    else if (event.type === 'alarm' && event.event.step === 'raised' && !isReplayed(event.event.alarm))
      this.#notReplayed++;
  }

  /** Whether frames of a run were read from the first one on. */
  hasRead({ run, from }: { readonly run: number; readonly from: number }): boolean {
    return from >= (this.#firstFrames.get(run) ?? Infinity);
  }

  /** Compares the recorded settings of the run with those of a replay, after a block was processed. */
  compareSettings(replayed: string | undefined): void {
    if (!this.isInSpan || this.#compared === this.run) return;
    this.#compared = this.run;
    const { settings } = this.run ?? {};
    this.#isSame.add(settings === undefined ? undefined : settings === replayed);
  }

  /** Whether all runs in the span were recorded with the settings of the replay; undefined: not all are recorded. */
  get isSameSettings(): boolean | undefined {
    if (this.#isSame.has(false)) return false;
    return this.#isSame.size === 0 || this.#isSame.has(undefined) ? undefined : true;
  }

  /** Sentences on what the replay does not contain. */
  get notes(): string[] {
    const { warmUp, frames, lost, isWhole, damage } = this.amounts;
    const every = this.run ? detectorInput(this.run.rate, 1).every : 1;
    const unscored = Math.min(frames, framesToFirstScore * every - warmUp);
    const notes: string[] = [];
    if (!isWhole)
      notes.push(
        'the replay does not begin with the first frame of the stream, so it starts without what the server had learned before',
      );
    const isTarget = this.run?.for !== undefined;
    if (unscored > 0 && !isTarget)
      notes.push(
        `the first ${counted(unscored, 'frame')} of the time span have no score, because the detector needs ${framesToFirstScore * every} frames before its first one`,
      );
    if (lost > 0) notes.push(`${counted(lost, 'frame')} were not recorded; the replay treats them as a gap`);
    for (const sentence of damage) notes.push(`${sentence}; the replay treats its frames as a gap`);
    if (this.#notReplayed > 0)
      notes.push(
        `${counted(this.#notReplayed, 'recorded alarm')} for missing samples or a failure of the disk cannot be replayed`,
      );
    if (this.#markCount > maxMarks) notes.push(`only the first ${maxMarks} of ${this.#markCount} events are shown`);
    return notes;
  }

  #addMark({ label, time = this.now }: MarkEvent): void {
    this.#markCount++;
    if (this.marks.length < maxMarks) this.marks.push({ time, label });
  }
}
