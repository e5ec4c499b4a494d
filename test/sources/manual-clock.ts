import type { Clock } from '../../src/sources/clock.ts';

/** A clock that advances only on request. */
export class ManualClock implements Clock {
  #now: number;
  #calls: { at: number; call: () => void }[] = [];

  constructor(now = 1_600_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const waiting = { at: this.#now + ms, call };
    this.#calls.push(waiting);
    return () => {
      this.#calls = this.#calls.filter((each) => each !== waiting);
    };
  }

  /** Number of pending calls. */
  get waiting(): number {
    return this.#calls.length;
  }

  /** Advances by `ms`, running due calls in order; pending promises are settled between calls. */
  async turn(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = this.#calls.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#calls = this.#calls.filter((each) => each !== next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
    await settle();
  }

  /** Advances at once: calls that became due meanwhile run late. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    await this.turn(0);
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
