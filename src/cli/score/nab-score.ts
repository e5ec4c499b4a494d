import { invalid } from '../../core/check.ts';

/** What NAB pays and charges in one of its profiles. */
export interface NabProfile {
  readonly name: string;
  /** Cost of one false detection. */
  readonly falsePositive: number;
  /** Cost of one window in which nothing was detected. */
  readonly falseNegative: number;
}

/** NAB's three profiles. */
export const nabProfiles: readonly NabProfile[] = [
  { name: 'standard', falsePositive: 0.11, falseNegative: 1 },
  { name: 'reward low FP', falsePositive: 0.22, falseNegative: 1 },
  { name: 'reward low FN', falsePositive: 0.11, falseNegative: 2 },
];

/** One scored file: a score a row, and its windows as [first row, last row]. */
export interface NabFile {
  readonly scores: ArrayLike<number>;
  readonly windows: readonly (readonly [number, number])[];
}

/** What a threshold brings over some files. */
export interface NabScore {
  /** 0 = nothing ever detected, 100 = every window at its first row and nothing else. */
  readonly score: number;
  readonly threshold: number;
  readonly found: number;
  readonly windows: number;
  readonly falsePositives: number;
}

/** Rows at the start of a file that are not scored: 15 % of it, of 5000 rows at most. */
export function nabProbation(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5000));
}

/**
 * What a detection in row `i` is worth, before the profile's weights:
 *
 *     σ(y) = 2 / (1 + e^(5y)) - 1;   σ(y) = -1 for y > 3
 *     in a window:     σ(-(right - i + 1) / (right - left + 1)) / σ(-1)      1 at its first row, near 0 at its last
 *     after a window:  σ((i - right) / (right - left))                       0 falling to -1
 *     before any:      -1
 *
 * Source: A. Lavin and S. Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta Anomaly Benchmark", 2015.
 */
export function nabRowWorth(i: number, windows: NabFile['windows']): { worth: number; window: number } {
  let before: readonly [number, number] | undefined;
  for (const [window, limits] of windows.entries()) {
    const [left, right] = limits;
    if (i < left) break;
    if (i <= right) return { worth: scaledSigmoid(-(right - i + 1) / (right - left + 1)) / scaledSigmoid(-1), window };
    before = limits;
  }
  const worth = before ? scaledSigmoid((i - before[1]) / (before[1] - before[0])) : -1;
  return { worth, window: -1 };
}

function scaledSigmoid(y: number): number {
  return y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1;
}

/** The rows that count, from the highest score down, so that every threshold is a place in the list. */
interface Detection {
  readonly score: number;
  readonly worth: number;
  /** Which window of all files it lies in; -1 = none. */
  readonly window: number;
}

/** Scores files under every threshold at once. */
export class NabScorer {
  readonly windows: number;
  readonly #detections: readonly Detection[];

  constructor(files: readonly NabFile[]) {
    const detections: Detection[] = [];
    let windows = 0;
    for (const file of files) {
      for (let i = nabProbation(file.scores.length); i < file.scores.length; i++) {
        if (Number.isNaN(file.scores[i])) throw invalid(`scores[${i}]`, 'a number', NaN);
        const { worth, window } = nabRowWorth(i, file.windows);
        detections.push({ score: file.scores[i], worth, window: window < 0 ? -1 : windows + window });
      }
      windows += file.windows.length;
    }
    this.windows = windows;
    this.#detections = detections.sort((a, b) => b.score - a.score);
  }

  /** The score where rows >= `threshold` are detections. */
  at(profile: NabProfile, threshold: number): NabScore {
    return this.#walk(profile, threshold, false);
  }

  /** The score under the threshold that is best for these very files. */
  best(profile: NabProfile): NabScore {
    return this.#walk(profile, -Infinity, true);
  }

  #walk({ falsePositive, falseNegative }: NabProfile, least: number, choose: boolean): NabScore {
    const { windows } = this;
    const worths = new Float64Array(windows);
    const seen = new Uint8Array(windows);
    const none = -falseNegative * windows;
    let sum = none;
    let [found, falsePositives] = [0, 0];
    const told = (threshold: number): NabScore => {
      const score = windows > 0 ? (100 * (sum - none)) / (windows - none) : sum;
      return { score, threshold, found, windows, falsePositives };
    };
    let best = told(Infinity);
    for (let k = 0; k < this.#detections.length; k++) {
      const { score, worth, window } = this.#detections[k];
      if (score < least) break;
      if (window < 0) {
        sum += falsePositive * worth;
        falsePositives++;
      } else if (seen[window] === 0) {
        seen[window] = 1;
        found++;
        worths[window] = worth;
        sum += falseNegative + worth;
      } else if (worth > worths[window]) {
        sum += worth - worths[window];
        worths[window] = worth;
      }
      const whole = this.#detections[k + 1]?.score !== score;
      if (choose && whole && told(score).score > best.score) best = told(score);
    }
    return choose ? best : told(least);
  }
}
