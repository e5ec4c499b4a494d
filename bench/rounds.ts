import type { Contestant } from './contestant.ts';
import { collectGarbage } from './garbage.ts';

export interface Timing {
  readonly engine: string;
  /** Median over the rounds of the mean of one call, in µs. */
  readonly us: number;
  /** Median over the rounds of its time / that of the first contestant in the same round. */
  readonly ratio: number;
}

/** How long a contestant's turn in a round is about to be, in ms. */
const turnMs = 20;
const warmUpMs = 250;

/**
 * Times contestants that take turns, so that whatever slows the machine down for a while meets all of them:
 *
 *     round 0   a b c     round 1   a c b     round 2   c a b     …
 *
 * A turn is many calls between two readings of the clock; nothing is subtracted. Before it, what others left behind is
 * collected, and the contestant runs a while unmeasured.
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
  return contestants.map(({ engine }, i) => ({
    engine,
    us: median(us[i]),
    ratio: median(us[i].map((mean, round) => mean / us[0][round])),
  }));
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs a contestant until it is compiled, and returns the calls of a turn. */
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

/** Rotated by the round, every second one backwards, so that nobody always follows the same one. */
function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => (i + round) % count);
  return round % 2 === 0 ? order : order.reverse();
}
