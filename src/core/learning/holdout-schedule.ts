/** Largest number of frames between two times at which weights are set aside, unless the network is slow to settle. */
const longestPeriod = 8000;
/** A period is at least 1 / `growth` of the frames before it, */
const growth = 8;
/** and `preparations` times as long as the frames that prepare one of its two windows. */
const preparations = 8;
/** Share of a period that is scored in each of its two windows. */
const windowShare = 0.05;

/** Frames from `from` to before `to`, whose targets are scored. */
export interface HoldoutWindow {
  /** The first frame that must be pushed. */
  readonly opens: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Part of a stream after which weights are chosen. Weights are set aside at `start`.
 *
 *     start                    report window  middle         choice window  end
 *     ├ weights are set aside  ├──────────────┤              ├──────────────┤ the best weights are chosen
 *                              the chosen weights are scored  all weights are compared
 */
export interface HoldoutPeriod {
  readonly start: number;
  readonly end: number;
  /** Distance between the frames at which weights are added to the average. */
  readonly step: number;
  /** Frame before which the report window has been evaluated. */
  readonly middle: number;
  readonly report: HoldoutWindow;
  readonly choice: HoldoutWindow;
}

/** Returns the periods of a stream, by the index of a frame, counted from the first frame of the learner. */
export class HoldoutSchedule {
  readonly #shortest: number;
  readonly #longest: number;
  readonly #prepared: number;
  readonly #lag: number;

  /**
   * @param reach frames before a window that its scores depend on
   * @param lag frames after a window until its last output has been evaluated
   * @param prepared those of the frames before a window that must be pushed; the stream that is continued contains the others
   */
  constructor(reach: number, lag: number, prepared: number = reach) {
    this.#prepared = prepared;
    this.#lag = lag;
    // a multiple of 8, so that averages are taken at whole frames
    this.#shortest = 8 * Math.ceil((preparations * (reach + lag)) / 8);
    this.#longest = Math.max(longestPeriod, 2 * this.#shortest);
  }

  /** Returns the period that contains frame `index`. `period` is that one or an earlier one. */
  at(index: number, period: HoldoutPeriod = this.#from(0)): HoldoutPeriod {
    let found = period;
    while (index >= found.end) {
      const whole = found.end - found.start === this.#longest ? Math.floor((index - found.end) / this.#longest) : 0;
      found = this.#from(found.end + whole * this.#longest);
    }
    return found;
  }

  #from(start: number): HoldoutPeriod {
    const step = Math.floor(Math.min(this.#longest, Math.max(this.#shortest, start / growth)) / 8);
    const [middle, end] = [start + 4 * step, start + 8 * step];
    return { start, end, step, middle, report: this.#window(middle, step), choice: this.#window(end, step) };
  }

  /** Returns the window whose last output has been evaluated before frame `end`. */
  #window(end: number, step: number): HoldoutWindow {
    const to = end - this.#lag;
    const from = to - Math.floor(8 * step * windowShare);
    return { opens: from - this.#prepared, from, to };
  }
}
