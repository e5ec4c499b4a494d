import { Observable } from 'rxjs';

/** A clock with timers. Sources accept one as an option, so that tests can control time. */
export interface Clock {
  /** Returns the time in ms since 1970; never decreases. */
  now(): number;
  /** Calls `call` once after `ms` milliseconds, at most 2^31 - 1; returns a function that cancels it. */
  after(ms: number, call: () => void): () => void;
}

/** The clock of this computer: monotonic, set from the wall clock at program start. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/**
 * Emits the milliseconds since subscription, about every `interval` ms, indefinitely.
 *
 *     clock     0   40   80    131 (late)    160
 *     ticks     --- 40 - 80 -- 131 --------- 160 --
 *
 * Tick k is due at k intervals, so that a late tick does not delay later ones; missed ticks are skipped.
 */
export function ticks(interval: number, clock: Clock): Observable<number> {
  return new Observable((subscriber) => {
    const begin = clock.now();
    let tick = 0;
    let cancel = () => {};
    const wait = () => {
      const elapsed = clock.now() - begin;
      // A timer can fire slightly early: it must not emit the same tick twice.
      tick = Math.max(tick, Math.floor(elapsed / interval)) + 1;
      cancel = clock.after(tick * interval - elapsed, () => {
        subscriber.next(clock.now() - begin);
        if (!subscriber.closed) wait();
      });
    };
    wait();
    return () => cancel();
  });
}
