import { invalid } from '../../core/check.ts';

/** The weights of one NAB profile. */
export interface NabProfile {
  readonly name: string;
  /** Cost of one false detection. */
  readonly falsePositive: number;
  /** Cost of one window without a detection. */
  readonly falseNegative: number;
}

/** NAB's three profiles. */
export const nabProfiles: readonly NabProfile[] = [
  { name: 'standard', falsePositive: 0.11, falseNegative: 1 },
  { name: 'reward low FP', falsePositive: 0.22, falseNegative: 1 },
  { name: 'reward low FN', falsePositive: 0.11, falseNegative: 2 },
];

/** One scored file: one score per row, and its windows as [first row, last row]. */
export interface NabFile {
  readonly scores: ArrayLike<number>;
  readonly windows: readonly (readonly [number, number])[];
}

/** The result of a threshold over some files. */
export interface NabScore {
  /** 0: no detections. 100: one detection in the first row of every window, and no others. */
  readonly score: number;
  readonly threshold: number;
  /** Windows with at least one detection. */
  readonly found: number;
  readonly windows: number;
  readonly falsePositives: number;
}

/** Rows at the start of a file that are not scored: 15 % of its first 5000 rows. */
export function nabProbation(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5000));
}

/**
 * The value of a detection in row `i`, before the weights of the profile:
 *
 *     σ(y) = 2 / (1 + e^(5y)) - 1;   σ(y) = -1 for y > 3
 *     in a window:     σ(-(right - i + 1) / (right - left + 1)) / σ(-1)      1 at its first row, near 0 at its last
 *     after a window:  σ((i - right) / (right - left))                       0 falling to -1
 *     before any:      -1
 *
 * Source: A. Lavin and S. Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta Anomaly Benchmark", 2015.
 */
export function nabRowValue(i: number, windows: NabFile['windows']): { value: number; window: number } {
  let before: readonly [number, number] | undefined;
  for (const [window, limits] of windows.entries()) {
    const [left, right] = limits;
    if (i < left) break;
    if (i <= right) return { value: scaledSigmoid(-(right - i + 1) / (right - left + 1)) / scaledSigmoid(-1), window };
    before = limits;
  }
  const value = before ? scaledSigmoid((i - before[1]) / (before[1] - before[0])) : -1;
  return { value, window: -1 };
}

function scaledSigmoid(y: number): number {
  return y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1;
}

/** A scored row. Sorted by descending score, so that every threshold is a position in the list. */
interface Detection {
  readonly score: number;
  readonly value: number;
  /** Index of its window among those of all files; -1 for none. */
  readonly window: number;
}

/** Scores files for every threshold at once. */
export class NabScorer {
  readonly windows: number;
  readonly #detections: readonly Detection[];

  constructor(files: readonly NabFile[]) {
    const detections: Detection[] = [];
    let windows = 0;
    for (const file of files) {
      for (let i = nabProbation(file.scores.length); i < file.scores.length; i++) {
        if (Number.isNaN(file.scores[i])) throw invalid(`scores[${i}]`, 'a number', NaN);
        const { value, window } = nabRowValue(i, file.windows);
        detections.push({ score: file.scores[i], value, window: window < 0 ? -1 : windows + window });
      }
      windows += file.windows.length;
    }
    this.windows = windows;
    this.#detections = detections.sort((a, b) => b.score - a.score);
  }

  /** The result if rows with a score >= `threshold` are detections. */
  at(profile: NabProfile, threshold: number): NabScore {
    return this.#walk(profile, threshold, false);
  }

  /** The result with the threshold that is best for these files. */
  best(profile: NabProfile): NabScore {
    return this.#walk(profile, -Infinity, true);
  }

  /** Lowers the threshold row by row. `choose`: returns the best result, else that at `lowest`. */
  #walk({ falsePositive, falseNegative }: NabProfile, lowest: number, choose: boolean): NabScore {
    const { windows } = this;
    const values = new Float64Array(windows);
    const isFound = new Uint8Array(windows);
    const noDetections = -falseNegative * windows;
    let sum = noDetections;
    let [found, falsePositives] = [0, 0];
    const result = (threshold: number): NabScore => {
      const score = windows > 0 ? (100 * (sum - noDetections)) / (windows - noDetections) : sum;
      return { score, threshold, found, windows, falsePositives };
    };
    let best = result(Infinity);
    for (let k = 0; k < this.#detections.length; k++) {
      const { score, value, window } = this.#detections[k];
      if (score < lowest) break;
      if (window < 0) {
        sum += falsePositive * value;
        falsePositives++;
      } else if (isFound[window] === 0) {
        isFound[window] = 1;
        found++;
        values[window] = value;
        sum += falseNegative + value;
      } else if (value > values[window]) {
        sum += value - values[window];
        values[window] = value;
      }
      const complete = this.#detections[k + 1]?.score !== score;
      if (choose && complete && result(score).score > best.score) best = result(score);
    }
    return choose ? best : result(lowest);
  }
}
