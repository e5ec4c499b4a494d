import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

const tolerance = 1e-3;

/**
 * Runs new contestants over the whole input once, and throws if the outputs of one differ from those of the first by more
 * than 1e-3 of the step's largest output. Steps whose windows begin before the stream are not compared, because a peer
 * that receives windows does not know the earlier frames.
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
      const error = difference(outputs[0], outputs[c]);
      if (error) throw new Error(`${engine} must equal ${contestants[0].engine} on ${workload.name}, ${error}`);
    }
  }
  if (compared === 0) throw new Error(`${workload.name} must have outputs to compare, got none`);
}

/** Returns a description of the first difference, or undefined if there is none. */
function difference(ours: ArrayLike<number>, theirs: ArrayLike<number>): string | undefined {
  if (theirs.length !== ours.length) return `got ${theirs.length} numbers instead of ${ours.length}`;
  const limit = tolerance * Math.max(...Array.from(ours, Math.abs));
  for (let i = 0; i < ours.length; i++) {
    if (!(Math.abs(theirs[i] - ours[i]) <= limit)) return `got ${theirs[i]} instead of ${ours[i]}`;
  }
  return undefined;
}
