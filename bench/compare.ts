import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

const tolerance = 1e-3;

/**
 * Feeds the whole input once to contestants that are fresh, and throws where one puts out something else than the first:
 * off by more than 1e-3 of the step's largest output. Steps in which a window still reaches before the stream are not
 * compared; a peer that is fed windows does not know what comes before.
 */
export async function compare(workload: Workload, contestants: readonly Contestant[]): Promise<void> {
  const { blocks, step, receptiveField } = workload;
  let compared = 0;
  for (let i = 0; i < blocks.length; i++) {
    const outputs: ArrayLike<number>[] = [];
    for (const contestant of contestants) outputs.push(await contestant.run(1));
    if (i * step < receptiveField) continue;
    compared += outputs[0].length;
    for (const [c, { engine }] of contestants.entries()) {
      const what = difference(outputs[0], outputs[c]);
      if (what)
        throw new Error(`${engine} on ${workload.name} must put out what ${contestants[0].engine} does, ${what}`);
    }
  }
  if (compared === 0) throw new Error(`${workload.name} must have outputs to compare, got none`);
}

/** What differs, or nothing. */
function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): string | undefined {
  if (theirs.length !== ours.length) return `got ${theirs.length} numbers instead of ${ours.length}`;
  const most = tolerance * Math.max(...Array.from(ours, Math.abs));
  for (let i = 0; i < ours.length; i++) {
    if (!(Math.abs(theirs[i] - ours[i]) <= most)) return `got ${theirs[i]} instead of ${ours[i]}`;
  }
  return undefined;
}
