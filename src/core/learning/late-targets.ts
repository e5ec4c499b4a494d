/** Targets that a learner ignored, because they arrived too late. */
export interface LateTargets {
  /** Number of these targets. */
  readonly count: number;
  /** Largest number of frames by which one of them arrived after its frame; 0 if there are none. */
  readonly delay: number;
  /** Maximum delay that the learner accepts, in frames. */
  readonly maxDelay: number;
}

/** Counts the targets that arrive more than `maxDelay` frames after their frames. */
export class LateTargetCounter implements LateTargets {
  readonly maxDelay: number;
  count = 0;
  delay = 0;

  constructor(maxDelay: number) {
    this.maxDelay = maxDelay;
  }

  /**
   * Adds the targets of frames `start` to before `end`.
   * @param newest index of the newest frame that has arrived
   */
  add(start: number, end: number, newest: number): void {
    const late = Math.min(end, newest - this.maxDelay) - start;
    if (late <= 0) return;
    this.count += late;
    this.delay = Math.max(this.delay, newest - start);
  }
}
