import { Observable } from 'rxjs';

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

/**
 * The ms that passed since subscription, about every `interval` ms, for ever.
 *
 *     clock     0   40   80    131 (late)    160
 *     ticks     --- 40 - 80 -- 131 --------- 160 --
 *
 * Tick k is due at k intervals, so a late one delays none of the others; ticks that were missed are left out.
 */
export function ticks(interval: number, clock: Clock): Observable<number> {
  return new Observable((subscriber) => {
    const begin = clock.now();
    let tick = 0;
    let cancel = () => {};
    const wait = () => {
      const elapsed = clock.now() - begin;
      // A timer may fire a little early: it must not ring twice for one tick.
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
