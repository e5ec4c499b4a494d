/** A stream is silent after this many ms at least, and after so many times its longest interval between blocks. */
const minWait = 5000;
const intervals = 3;
/** The longest interval is forgotten over so many times its length. */
const decayFactor = 20;
/** Blocks before a stream counts as live; its intervals are learned whole until then. */
const settlingBlocks = 3;
/** How long a stream has to come back after a restart, in ms: sensors wait up to 30 s before they dial again. */
const restartGrace = 40_000;

/** What is known of a stream that is live. */
export interface StreamActivity {
  stream: string;
  /** When it was last heard, in ms. */
  last: number;
  /** Its longest interval between blocks of late, in ms. */
  interval: number;
  /** Blocks that it brought, up to those that make it live. */
  blocks: number;
}

/**
 * Tells which streams have fallen silent: no samples for max(5 s, 3 × the longest interval between blocks of late),
 * after three blocks at least. A stream that has said goodbye is none of them. A pace that slows down is learned: a silence
 * makes the interval as long as what was waited for.
 */
export class NoSamplesMonitor {
  readonly #streams = new Map<string, StreamActivity>();
  /** Until when a silence counts from the restart. */
  #restarted = -Infinity;

  /** A stream brought samples. */
  receive(stream: string, time: number): void {
    const before = this.#streams.get(stream) ?? { stream, last: time, interval: 0, blocks: 0 };
    const passed = Math.max(0, time - before.last);
    const learned = before.blocks < settlingBlocks ? passed : Math.min(passed, maxWait(before));
    const interval = Math.max(learned, before.interval - passed / decayFactor);
    this.#streams.set(stream, { stream, last: time, interval, blocks: Math.min(settlingBlocks, before.blocks + 1) });
  }

  /** A stream has ended as it should, or is forgotten. */
  remove(stream: string): void {
    this.#streams.delete(stream);
  }

  /** Those that are silent at `time`. */
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
