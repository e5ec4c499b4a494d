/** The frames of a run up to which results of its detector were reported. */
export interface ReportedRun {
  readonly run: number;
  /** Absolute index of the frame after them. */
  readonly end: number;
  /** How long after its recorded time the last one arrived, in ms: the clock of the sensor can be wrong. */
  readonly lag: number;
}

/**
 * How far the results of every detector were reported to the alarms, so that a frame that is processed again after a kill
 * of the server is not reported twice.
 */
export class ReportedFrames {
  readonly #runs = new Map<string, ReportedRun>();

  /** The last reported run of every stream. */
  get runs(): ReadonlyMap<string, ReportedRun> {
    return this.#runs;
  }

  /** Uses saved positions. */
  restore(runs: ReadonlyMap<string, ReportedRun>): void {
    for (const [stream, reported] of runs) this.#runs.set(stream, reported);
  }

  /**
   * Returns the first frame of a run that has not been reported. A run that is replayed comes before the last reported one,
   * unless it is the same: all of its frames have been reported.
   */
  next(stream: string, run: number, isReplayed: boolean): number {
    const reported = this.#runs.get(stream);
    if (!reported) return 0;
    if (reported.run === run) return reported.end;
    return isReplayed ? Infinity : 0;
  }

  /** How long after their recorded time the frames of a stream arrived, in ms; 0 if it is not known. */
  lag(stream: string): number {
    return this.#runs.get(stream)?.lag ?? 0;
  }

  /** Notes that all frames of a run before an index have been reported. */
  advance(stream: string, to: ReportedRun): void {
    const reported = this.#runs.get(stream);
    if (reported?.run !== to.run || to.end > reported.end) this.#runs.set(stream, to);
  }

  delete(stream: string): void {
    this.#runs.delete(stream);
  }
}
