import { frameCount, timeOf, type Block } from '../core/block.ts';

/** Columns of a drawing; each shows the lowest and the highest sample of its frames. */
const columns = 1200;

/** A lane of a drawing: [lowest, highest] a column, NaN where there is nothing. */
export interface Lane {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What a report draws of a recording, however long it is: every channel and the score in 1200 columns of extremes. */
export class ReportTrace {
  readonly lanes: readonly Lane[];
  readonly score: Lane = emptyLane();
  /** When each column begins, in ms. */
  readonly times: Float64Array = new Float64Array(columns).fill(NaN);
  readonly #frames: number;
  #done = 0;

  /** @param frames of the whole recording */
  constructor(channels: number, frames: number) {
    this.lanes = Array.from({ length: channels }, emptyLane);
    this.#frames = Math.max(frames, 1);
  }

  push(block: Block, score: Block): void {
    for (let t = 0; t < frameCount(block); t++) {
      const at = Math.min(columns - 1, Math.floor((this.#done++ * columns) / this.#frames));
      if (Number.isNaN(this.times[at])) this.times[at] = timeOf(block, block.start + t);
      for (const [c, lane] of this.lanes.entries()) widen(lane, at, block.data[t * block.channels + c]);
      widen(this.score, at, score.data[t]);
    }
  }

  /** Where in the drawing `time` (ms) lies, 0 … 1. */
  place(time: number): number {
    let at = 0;
    for (const [i, each] of this.times.entries()) if (each <= time) at = i;
    return at / columns;
  }
}

function emptyLane(): Lane {
  return { low: new Float64Array(columns).fill(NaN), high: new Float64Array(columns).fill(NaN) };
}

function widen({ low, high }: Lane, at: number, x: number): void {
  if (!Number.isFinite(x)) return;
  if (!(low[at] <= x)) low[at] = x;
  if (!(high[at] >= x)) high[at] = x;
}
