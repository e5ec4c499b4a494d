/** A run of frames that the kernel `train` has evaluated. Offsets are in numbers (`losses`: in doubles) of the engine's memory. */
export interface EvaluatedRun {
  readonly targets: number;
  /** Number of targets. */
  readonly frames: number;
  /** Outputs: first the one that was waiting, or a row without meaning, then `emitted` new ones. */
  readonly outputs: number;
  readonly emitted: number;
  /** Errors and losses of the first `trained` outputs, beginning with the one that was waiting. */
  readonly errors: number;
  readonly losses: number;
  readonly trained: number;
  /** Number of updates before the run. */
  readonly updates: number;
  /** Frames between outputs. */
  readonly stride: number;
}
