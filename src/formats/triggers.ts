import type { RecordedMark } from './recording.ts';
import { offsetOf, type Signal } from './signal.ts';

/** Consecutive frames with the same trigger. */
interface Stretch {
  readonly trigger: number;
  readonly at: number;
  end: number;
}

/**
 * Collects the triggers of a BDF Status signal, its low 16 bits. Every stretch of frames with a trigger other than the
 * resting value is a mark, labeled with its number.
 *
 *     Status  0 0 0 7 7 0 9 9 9     7 at 3 for 2 frames, 9 at 6 for 3
 *
 * The resting value is 0, or the most frequent value if no frame is 0 (some amplifiers pull unused bits up).
 */
export class Triggers {
  readonly #signal: Signal | undefined;
  readonly #offset: number;
  readonly #stretches: Stretch[] = [];

  constructor(signals: readonly Signal[]) {
    this.#signal = signals.find(({ content }) => content === 'triggers');
    this.#offset = this.#signal ? offsetOf(this.#signal, signals) : 0;
  }

  /** Adds the triggers of the next record, which has `frames` frames and starts at frame `start`. */
  add(record: Uint8Array, start: number, frames: number): void {
    if (!this.#signal) return;
    const { samples, type } = this.#signal;
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const frameOf = (sample: number) => start + Math.round((sample * frames) / samples);
    for (let i = 0; i < samples; i++) {
      const trigger = type.read(view, this.#offset + i * type.bytes) & 0xffff;
      const last = this.#stretches.at(-1);
      if (last?.trigger === trigger && last.end === frameOf(i)) last.end = frameOf(i + 1);
      else this.#stretches.push({ trigger, at: frameOf(i), end: frameOf(i + 1) });
    }
  }

  marks(): RecordedMark[] {
    const rest = this.#rest();
    return this.#stretches
      .filter(({ trigger }) => trigger !== rest)
      .map(({ trigger, at, end }) => ({ at, label: String(trigger), ...(end > at && { frames: end - at }) }));
  }

  #rest(): number {
    const durations = new Map<number, number>();
    for (const { trigger, at, end } of this.#stretches)
      durations.set(trigger, (durations.get(trigger) ?? 0) + end - at);
    return durations.has(0)
      ? 0
      : ([...durations]
          .sort((a, b) => b[1] - a[1])
          .at(0)
          ?.at(0) ?? 0);
  }
}
