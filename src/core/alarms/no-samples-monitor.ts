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
/** Time that streams have to reconnect after a restart, in ms; sensors wait up to 30 s between attempts. */
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
  /** Time of the restart. */
  #restarted = -Infinity;

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
      return live && time - one.last >= maxWait(one) && time - this.#restarted >= Math.max(restartGrace, maxWait(one));
    });
  }

  save(): StreamActivity[] {
    return Array.from(this.#streams.values(), (one) => ({ ...one }));
  }

  restore(streams: readonly StreamActivity[], time: number): void {
    this.#restarted = time;
    for (const one of streams) this.#streams.set(one.stream, { ...one });
  }
}

function maxWait({ interval }: StreamActivity): number {
  return Math.max(minWait, intervals * interval);
}
