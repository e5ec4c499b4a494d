import type { RecordTimes } from './record-times.ts';
import { offsetOf, type Signal } from '../signal.ts';
import type { TimedEvent } from './record-clock.ts';

/** Consecutive samples with the same trigger, in samples since the start of a record. */
interface Stretch {
  readonly trigger: number;
  readonly record: number;
  readonly from: number;
  /** Sample after the last one; it can be in a later record. */
  to: number;
}

/**
 * Collects the triggers of a BDF Status signal, its low 16 bits. Every stretch of samples with a trigger other than the
 * resting value is an event, whose text is its number.
 *
 *     Status  0 0 0 7 7 0 9 9 9     7 at sample 3 for 2 samples, 9 at 6 for 3
 *
 * The resting value is 0, or the most frequent value if no sample is 0 (some amplifiers pull unused bits up).
 */
export class Triggers {
  readonly #signal: Signal | undefined;
  readonly #offset: number;
  readonly #stretches: Stretch[] = [];
  #records = 0;

  constructor(signals: readonly Signal[]) {
    this.#signal = signals.find(({ content }) => content === 'triggers');
    this.#offset = this.#signal ? offsetOf(this.#signal, signals) : 0;
  }

  /** Adds the triggers of the next record. */
  add(record: Uint8Array): void {
    if (!this.#signal) return;
    const { samples, type } = this.#signal;
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    for (let from = 0; from < samples;) {
      const trigger = this.#trigger(view, type.bytes, from);
      let to = from + 1;
      while (to < samples && this.#trigger(view, type.bytes, to) === trigger) to++;
      this.#stretches.push({ trigger, record: this.#records, from, to });
      from = to;
    }
    this.#records++;
  }

  /**
   * The events, in order.
   *
   * @param times where the records are
   * @param frames frames per record
   * @param duration duration of a record in s
   */
  events({ onsets, starts }: RecordTimes, frames: number, duration: number): TimedEvent[] {
    const samples = this.#signal?.samples ?? 0;
    const stretches: Stretch[] = [];
    for (const stretch of this.#stretches) {
      const last = stretches.at(-1);
      const before = stretch.record - 1;
      const follows =
        last?.trigger === stretch.trigger &&
        stretch.from === 0 &&
        last.to === (stretch.record - last.record) * samples &&
        starts[stretch.record] === starts[before] + frames;
      if (follows) last.to += stretch.to;
      else stretches.push({ ...stretch });
    }
    const rest = restOf(stretches);
    return stretches
      .filter(({ trigger }) => trigger !== rest)
      .map(({ trigger, record, from, to }) => ({
        onset: onsets[record] + (from / samples) * duration,
        duration: ((to - from) / samples) * duration,
        text: String(trigger),
      }));
  }

  #trigger(view: DataView, bytes: number, sample: number): number {
    return (this.#signal?.type.read(view, this.#offset + sample * bytes) ?? 0) & 0xffff;
  }
}

function restOf(stretches: readonly Stretch[]): number {
  const durations = new Map<number, number>();
  for (const { trigger, from, to } of stretches) durations.set(trigger, (durations.get(trigger) ?? 0) + to - from);
  if (durations.has(0)) return 0;
  return [...durations].sort((a, b) => b[1] - a[1]).at(0)?.[0] ?? 0;
}
