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
