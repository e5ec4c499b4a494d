/** Frames at the start of a file that are for settling and not scored. */
export const skabSettling = 400;

/** One scored file: one byte a frame, what was told and what was true. */
export interface SkabFile {
  readonly told: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
}

/** How well frames were told, pooled over files. */
export interface SkabScore {
  /** 2 TP / (2 TP + FP + FN). */
  readonly f1: number;
  /** False alarms a normal frame, in %. */
  readonly falseAlarms: number;
  /** Missed of the anomalous frames, in %. */
  readonly missed: number;
}

/**
 * Scores by the protocol of the Skoltech Anomaly Benchmark (I. Katser and V. Kozitsin, 2020): of each file the first 400
 * frames are for settling, every other frame is told right or wrong, and counts of all files are pooled.
 */
export function skabScore(files: readonly SkabFile[]): SkabScore {
  const counts = [0, 0, 0, 0];
  for (const { told, truth } of files)
    for (let t = skabSettling; t < truth.length; t++) counts[(told[t] ? 2 : 0) + (truth[t] ? 1 : 0)]++;
  const [quiet, missed, wrong, right] = counts;
  return {
    f1: share(2 * right, wrong + missed + right + right),
    falseAlarms: 100 * share(wrong, wrong + quiet),
    missed: 100 * share(missed, missed + right),
  };
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
