/** Time, and waiting for it. Sources take one as an argument, so that a test can turn its hands. */
export interface Clock {
  /** ms since 1970; never goes back. */
  now(): number;
  /** Calls once after `ms`, or after 2^31 - 1 ms where that is sooner; returns how to call it off. */
  after(ms: number, call: () => void): () => void;
}

/** The clock of the machine: monotonic, set by its wall clock when the program began. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
