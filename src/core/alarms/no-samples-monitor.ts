/**
 * A stream has no samples after this many ms, or this many times its longest interval between blocks, whichever is
 * longer.
 */
const minWait = 5000;
const intervals = 3;
/** The longest interval decays over this many times its length. */
const decayFactor = 20;
/** Blocks before a stream is monitored. Until then its intervals are not limited. */
const settlingBlocks = 3;
/** Longest time that streams have to reconnect after a restart or a suspension, in ms; sensors wait up to 30 s between attempts. */
const restartGrace = 40_000;

/** Activity of a stream. */
export interface StreamActivity {
  stream: string;
  /** Time of the last samples, in ms. */
  last: number;
  /** Longest recent interval between blocks, in ms. */
  interval: number;
  /** Number of blocks, up to the number that starts monitoring. */
  blocks: number;
}

/**
 * Detects streams that have stopped sending samples: none for max(5 s, 3 × the longest recent interval between blocks),
 * after at least three blocks. Streams that ended normally are removed. The interval adapts to slower streams: after a
 * pause it is as long as the time waited.
 */
export class NoSamplesMonitor {
  readonly #streams = new Map<string, StreamActivity>();
  /** Time of the last restart or suspension, and the time that streams then have to reconnect, in ms. */
  #resumed = -Infinity;
  #grace = 0;

  /** Records samples of a stream. */
  receive(stream: string, time: number): void {
    const before = this.#streams.get(stream) ?? { stream, last: time, interval: 0, blocks: 0 };
    const passed = Math.max(0, time - before.last);
    const learned = before.blocks < settlingBlocks ? passed : Math.min(passed, maxWait(before));
    const interval = Math.max(learned, before.interval - passed / decayFactor);
    this.#streams.set(stream, { stream, last: time, interval, blocks: Math.min(settlingBlocks, before.blocks + 1) });
  }

  /** Removes a stream that ended normally or no longer exists. */
  remove(stream: string): void {
    this.#streams.delete(stream);
  }

  /** Returns the streams without samples at `time`. */
  staleStreams(time: number): StreamActivity[] {
    return [...this.#streams.values()].filter((one) => {
      const live = one.blocks === settlingBlocks;
      const isResumed = time - this.#resumed >= Math.max(this.#grace, maxWait(one));
      return live && time - one.last >= maxWait(one) && isResumed;
    });
  }

  /**
   * Shifts every deadline by `by` ms, for which nothing could be received, because the process was suspended; negative if the
   * clock was set back. Streams then have at least as long to reconnect as they may have waited between attempts.
   */
  sleep(by: number, time: number): void {
    for (const one of this.#streams.values()) one.last = Math.min(time, one.last + by);
    if (this.#resumed + by <= time) this.#resumed += by;
    const grace = Math.min(restartGrace, 2 * by);
    if (time + grace <= this.#resumed + this.#grace) return;
    this.#resumed = time;
    this.#grace = Math.max(0, grace);
  }

  save(): StreamActivity[] {
    return Array.from(this.#streams.values(), (one) => ({ ...one }));
  }

  restore(streams: readonly StreamActivity[], time: number): void {
    this.#resumed = time;
    this.#grace = restartGrace;
    for (const one of streams) this.#streams.set(one.stream, { ...one });
  }
}

function maxWait({ interval }: StreamActivity): number {
  return Math.max(minWait, intervals * interval);
}
