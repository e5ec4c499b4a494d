import type { Workload } from './workloads.ts';

/** An engine that runs one workload. It repeats the input endlessly. */
export interface Contestant {
  readonly engine: string;
  /** Arithmetic operations as a multiple of the forward pass. Default 1. */
  readonly passes?: number;
  /** Performs `calls` steps and returns the outputs of the last one, [frames', out], which may be empty. */
  run(calls: number): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Returns the milliseconds for `calls` steps by its own clock, for an engine that runs in another process. */
  time?(calls: number): Promise<number>;
  close?(): unknown;
}

/** Creates a contestant for a workload. */
export type Make = (workload: Workload) => Contestant | Promise<Contestant>;

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
