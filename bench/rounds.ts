import type { Contestant } from './contestant.ts';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The result of one contestant in a race. */
export interface Timing {
  readonly engine: string;
  /** Median over the rounds of the mean time per call, in µs. */
  readonly us: number;
  /** Median over the rounds of its time divided by that of the first contestant in the same round. */
  readonly ratio: number;
  /** That quotient in every round. */
  readonly ratios: readonly number[];
}

/** Approximate duration of a contestant's turn in a round, in ms. */
const turnMs = 20;
const warmUpMs = 250;

/**
 * Times contestants in turns, so that temporary slowdowns of the machine affect all of them:
 *
 *     round 0   a b c     round 1   a c b     round 2   c a b     …
 *
 * A turn is many calls between two readings of the clock; nothing is subtracted. Before each turn, garbage is collected,
 * and the contestant runs for a while without being measured.
 */
export async function race(contestants: readonly Contestant[], rounds: number): Promise<Timing[]> {
  const calls: number[] = [];
  for (const contestant of contestants) calls.push(await warmUpContestant(contestant));
  const us: number[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const i of orderOf(round, contestants.length)) {
      await collectGarbage('minor');
      await contestants[i].run(Math.ceil(calls[i] / 8));
      us[i].push((1000 * (await time(contestants[i], calls[i]))) / calls[i]);
    }
  }
  return contestants.map(({ engine }, i) => {
    const ratios = us[i].map((mean, round) => mean / us[0][round]);
    return { engine, us: median(us[i]), ratio: median(ratios), ratios };
  });
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs a contestant until it is compiled, and returns the number of calls per turn. */
async function warmUpContestant(contestant: Contestant): Promise<number> {
  let calls = 1;
  let ms = 0;
  for (let spent = 0; spent < warmUpMs || ms < turnMs; spent += ms) {
    if (ms < turnMs) calls *= ms * 4 < turnMs ? 4 : 2;
    ms = await time(contestant, calls);
  }
  return Math.max(1, Math.round((calls * turnMs) / ms));
}

async function time(contestant: Contestant, calls: number): Promise<number> {
  if (contestant.time) return contestant.time(calls);
  const start = performance.now();
  const last = contestant.run(calls);
  if (last instanceof Promise) await last;
  return performance.now() - start;
}

/**
 * Returns the order of a round: rotated by the round, and reversed every second time, so that no contestant always
 * follows the same one.
 */
function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => (i + round) % count);
  return round % 2 === 0 ? order : order.reverse();
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;

/** Collects garbage (young objects only, or all) and lets finalizers run. */
async function collectGarbage(type: 'minor' | 'major'): Promise<void> {
  collect({ type });
  await setImmediate();
}
