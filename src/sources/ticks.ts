import { Observable } from 'rxjs';
import type { Clock } from './clock.ts';

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
