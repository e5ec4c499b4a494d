import type { LostEvent } from './recorded-event.ts';

/** Frames and events of one run that were not recorded. */
export interface LostRange {
  readonly run: number;
  readonly lost: LostEvent;
}

/** Counts what cannot be recorded, exactly, until it can be recorded that it is lost. */
export class LostFrames {
  readonly #ranges: LostRange[] = [];
  #frames = 0;
  #events = 0;

  /** Frames and events that were lost so far. */
  get frames(): number {
    return this.#frames;
  }
  get events(): number {
    return this.#events;
  }

  /** The oldest range that is not recorded yet. */
  get first(): LostRange | undefined {
    return this.#ranges[0];
  }

  /** Removes the oldest range, which is recorded now. */
  shift(): void {
    this.#ranges.shift();
  }

  addFrames(run: number, from: number, count: number, reason: string): void {
    this.#frames += count;
    const last = this.#ranges.at(-1);
    const follows = last?.run === run && last.lost.from + last.lost.count === from;
    if (follows) last.lost.count += count;
    else this.#ranges.push({ run, lost: { type: 'lost', from, count, events: 0, reason } });
  }

  /** Adds an event that is not a block. @param next index of the next frame */
  addEvent(run: number, next: number, reason: string): void {
    this.#events++;
    const last = this.#ranges.at(-1);
    if (last?.run === run) last.lost.events++;
    else this.#ranges.push({ run, lost: { type: 'lost', from: next, count: 0, events: 1, reason } });
  }
}
