import type { RecordedMark } from './recording.ts';
import { placeOf } from './signal.ts';
import type { Signal } from './signal.ts';

/** Frames that hold one trigger. */
interface Stretch {
  readonly trigger: number;
  readonly at: number;
  end: number;
}

/**
 * Gathers the triggers of a BDF Status signal, its low 16 bits. Every stretch of frames that holds another one than rest
 * is a mark, named by its number.
 *
 *     Status  0 0 0 7 7 0 9 9 9     7 at 3 for 2 frames, 9 at 6 for 3
 *
 * Rest is 0, or where no frame holds 0 (there are amplifiers that pull unused bits up) what most frames hold.
 */
export class Triggers {
  readonly #signal: Signal | undefined;
  readonly #place: number;
  readonly #stretches: Stretch[] = [];

  constructor(signals: readonly Signal[]) {
    this.#signal = signals.find(({ holds }) => holds === 'triggers');
    this.#place = this.#signal ? placeOf(this.#signal, signals) : 0;
  }

  /** Takes those of the next record, which is `frames` long and begins at frame `start`. */
  add(record: Uint8Array, start: number, frames: number): void {
    if (!this.#signal) return;
    const { samples, type } = this.#signal;
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const frameOf = (sample: number) => start + Math.round((sample * frames) / samples);
    for (let i = 0; i < samples; i++) {
      const trigger = type.read(view, this.#place + i * type.bytes) & 0xffff;
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
    const held = new Map<number, number>();
    for (const { trigger, at, end } of this.#stretches) held.set(trigger, (held.get(trigger) ?? 0) + end - at);
    return held.has(0)
      ? 0
      : ([...held]
          .sort((a, b) => b[1] - a[1])
          .at(0)
          ?.at(0) ?? 0);
  }
}
