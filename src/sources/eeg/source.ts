import { concatMap, defer, from, map, type Observable } from 'rxjs';
import type { Block } from '../../core/blocks/block.ts';
import { systemClock, ticks, type Clock } from '../clock.ts';
import { EegSimulator, type EegOptions, type SimulatedEeg } from './simulator.ts';

/** Options of the simulated headset in real time. */
export interface EegSourceOptions extends Omit<EegOptions, 'time'> {
  /** Clock that determines when blocks are emitted. Default: the system clock. */
  readonly clock?: Clock;
}

/**
 * The simulated headset in real time with its ground truth: about 25 blocks per second, indefinitely.
 *
 *     clock    0    40    80   120 ms
 *     blocks   ---- 10 -- 10 -- 10 frames --
 *
 * The number of frames follows the elapsed time, so that the average rate is exact even if the timer is late; after a long
 * delay, it catches up in blocks of at most one second. Every subscriber has its own headset with the same seed.
 */
export function simulateEeg(options: EegSourceOptions = {}): Observable<SimulatedEeg> {
  return defer(() => {
    const clock = options.clock ?? systemClock;
    const simulator = new EegSimulator({ ...options, time: clock.now() });
    let done = 0;
    return ticks(40, clock).pipe(
      concatMap((elapsed) => {
        const due = Math.floor((elapsed * simulator.rate) / 1000);
        const parts: SimulatedEeg[] = [];
        while (done < due) {
          const frames = Math.min(due - done, Math.ceil(simulator.rate));
          parts.push(simulator.next(frames));
          done += frames;
        }
        return from(parts);
      }),
    );
  });
}

/** The simulated headset in real time: blocks of [frames, 8] in µV. See `simulateEeg` for its ground truth. */
export function eegSource(options: EegSourceOptions = {}): Observable<Block> {
  return simulateEeg(options).pipe(map(({ eeg }) => eeg));
}
