import type { Workload } from './workloads.ts';

/** An engine set up for one workload, somewhere in its input, which it goes through over and over. */
export interface Contestant {
  readonly engine: string;
  /** Its arithmetic as a multiple of the forward pass's. Default 1. */
  readonly passes?: number;
  /** Takes `calls` steps and returns what the last one put out, [frames', out]; nothing where no output hangs in it. */
  run(calls: number): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Milliseconds for `calls` steps by a clock of its own: for an engine that runs in another process. */
  time?(calls: number): Promise<number>;
  close?(): unknown;
}

export type Make = (workload: Workload) => Contestant | Promise<Contestant>;
