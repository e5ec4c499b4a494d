/** A time during which the server did not run, or by which its clock was set. */
export interface Sleep {
  /** How far the clock moved without the server running, in ms; negative if it was set back. */
  by: number;
  /** Whether the process stood still by the monotonic clock too. */
  stopped: boolean;
}

/** Lateness in ms beyond which the server counts as suspended. */
const tolerance = 2000;

/**
 * Detects that the process was suspended (laptop lid, paused virtual machine, SIGSTOP) or that the clock was set: the time since
 * the last observation is longer than the interval between observations.
 */
export class SleepDetector {
  readonly #interval: number;
  #wall = NaN;
  #monotonic = NaN;

  /** @param interval longest time between two observations of a running server, in ms */
  constructor(interval: number) {
    this.#interval = interval;
  }

  /**
   * Observes the time: `wall` is the time since 1970, and `monotonic` that of a clock that is never set but may stand still during
   * a suspension, both in ms. Returns the sleep that ended, if any.
   */
  observe(wall: number, monotonic: number): Sleep | undefined {
    const passed = wall - this.#wall;
    const ran = monotonic - this.#monotonic;
    this.#wall = wall;
    this.#monotonic = monotonic;
    const by = passed - Math.min(ran, this.#interval);
    if (!(Math.abs(by) > tolerance)) return undefined;
    return { by, stopped: ran > this.#interval + tolerance };
  }
}

/** Describes a sleep in a line for the log. */
export function sleepText({ by, stopped }: Sleep): string {
  const seconds = `${(Math.abs(by) / 1000).toFixed(1)} s`;
  const what =
    by < 0
      ? `the clock was set back by ${seconds}`
      : stopped
        ? `the server did not run for ${seconds} (suspended, or busy)`
        : `the server was suspended for ${seconds}, or its clock was set forward`;
  return `${what}; streams are not reported as silent for this time`;
}
