import type { CsvClock } from './csv-clock.ts';
import type { FrameCollector } from './frame-collector.ts';

/** Places frames by the stamps of a table: in time, and behind the gaps that even steps tell. */
export class Stamps {
  readonly #clock: CsvClock;
  readonly #frames: FrameCollector;
  /** How far a frame's time may be off its stamp, in ms: half a step, or what floats lose. */
  readonly #slack: number;
  #before = NaN;
  /** Frames since the stamp before. */
  #since = 1;
  #unread = 0;

  constructor(clock: CsvClock, frames: FrameCollector) {
    this.#clock = clock;
    this.#frames = frames;
    this.#slack = clock.steady ? 500 / clock.rate : 1e-3;
  }

  /** Takes the next frame's row. */
  read(row: readonly string[]): void {
    const { column, kept, steady, rate } = this.#clock;
    if (!column || !kept) return;
    const now = column.read(row[column.index]);
    if (Number.isNaN(now)) {
      this.#since++;
      this.#unread++;
      return;
    }
    const periods = steady ? Math.round(((now - this.#before) * rate) / 1000) : 0;
    if (periods > this.#since) this.#frames.skip(periods - this.#since);
    if (now !== this.#before) this.#frames.setClock(now, this.#slack);
    this.#before = now;
    this.#since = 1;
  }

  /** What is to be said of stamps that are none. */
  notes(names: readonly string[]): string[] {
    if (this.#unread === 0) return [];
    return [
      `frames whose '${names[this.#clock.column?.index ?? 0]}' cannot be read count on by the rate: ${this.#unread}`,
    ];
  }
}
