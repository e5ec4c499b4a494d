import type { LostEvent, RunEvent } from './recorded-event.ts';

/** Frames and events of one run that were not recorded. */
export interface LostRange {
  readonly run: RunEvent;
  readonly lost: LostEvent;
  /** Number of frames from the first lost one to the last. */
  span: number;
}

/** Number of ranges from which those of the same run are joined. */
const maxRanges = 256;

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

  /** Adds `count` of the frames from index `from` to before `to`. */
  addFrames(run: RunEvent, from: number, count: number, reason: string, to: number = from + count): void {
    this.#frames += count;
    const last = this.#ranges.at(-1);
    const isJoined =
      last?.run.run === run.run && (last.lost.from + last.span === from || this.#ranges.length >= maxRanges);
    if (isJoined) {
      last.lost.count += count;
      last.span = to - last.lost.from;
    } else this.#ranges.push({ run, lost: { type: 'lost', from, count, events: 0, reason }, span: to - from });
  }

  /** Adds an event that is not a block. @param next index of the next frame */
  addEvent(run: RunEvent, next: number, reason: string): void {
    this.#events++;
    const last = this.#ranges.at(-1);
    if (last?.run.run === run.run) last.lost.events++;
    else this.#ranges.push({ run, lost: { type: 'lost', from: next, count: 0, events: 1, reason }, span: 0 });
  }
}
