import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Detector, type DetectorOptions } from '../../core/detector/detector.ts';
import { asUsage, UsageError } from '../failure.ts';
import { column, readTable } from './csv-table.ts';

/** Folders of SKAB whose files are scored. */
const folders = ['valve1', 'valve2', 'other'];
const labels = ['anomaly', 'changepoint'];

/** One file of SKAB. */
export interface SkabSeries {
  /** `folder/file.csv`. */
  readonly name: string;
  /** [frames, channels], one frame per second. */
  readonly data: Float32Array;
  readonly channels: number;
  /** 1 for an anomalous frame. */
  readonly anomalous: Float64Array;
}

/** Reads the scored files of a clone of SKAB (its data/, or the folder above), or of a part of it. */
export function readSkab(folder: string): SkabSeries[] {
  const data = existsSync(join(folder, 'data')) ? join(folder, 'data') : folder;
  const found = folders
    .filter((name) => existsSync(join(data, name)))
    .flatMap((name) =>
      readdirSync(join(data, name))
        .filter((file) => file.endsWith('.csv'))
        .sort((a, b) => parseInt(a) - parseInt(b))
        .map((file) => readSeries(data, `${name}/${file}`)),
    );
  if (found.length === 0)
    throw new UsageError(
      `${folder}: not a clone of SKAB. The directory must contain CSV files in ${folders.join('/, ')}/.`,
    );
  return found;
}

function readSeries(data: string, name: string): SkabSeries {
  const path = join(data, name);
  const table = readTable(path, ';');
  const columns = table.names.slice(1).filter((each) => !labels.includes(each));
  return asUsage(() => {
    if (columns.length === 0) throw new RangeError('the file has no sensor column');
    const anomalous = column(table, 'anomaly');
    const samples = columns.map((each) => column(table, each));
    const length = anomalous.length * columns.length;
    const data = Float32Array.from({ length }, (_, i) => samples[i % columns.length][Math.floor(i / columns.length)]);
    return { name, data, channels: columns.length, anomalous };
  }, path);
}

/** Runs a new detector on a file. A frame counts as detected when the level of any channel has shifted. */
export function runSkab({ data, channels, anomalous }: SkabSeries, options: DetectorOptions = {}): SkabFile {
  const detector = new Detector(channels, 1, options);
  const { shifted } = detector.push({ data, channels, start: 0, rate: 1, time: 0 });
  const detected = anomalous.map((_, t) => (shifted.subarray(t * channels, (t + 1) * channels).includes(1) ? 1 : 0));
  return { detected, anomalous };
}

/** Frames at the start of a file that are not scored. */
export const skabStartUp = 400;

/** One scored file, one number per frame: 1 if it was detected, and 1 if it is anomalous. */
export interface SkabFile {
  readonly detected: ArrayLike<number>;
  readonly anomalous: ArrayLike<number>;
}

/** The quality of detections over all files. */
export interface SkabScore {
  /** 2 TP / (2 TP + FP + FN). */
  readonly f1: number;
  /** False-alarm rate: detected frames among the normal ones, in %. */
  readonly falseAlarms: number;
  /** Missed-alarm rate: frames that were not detected among the anomalous ones, in %. */
  readonly missed: number;
}

/**
 * Scores by the protocol of the Skoltech Anomaly Benchmark (I. Katser and V. Kozitsin, 2020): the first 400 frames of each
 * file are start-up, every other frame counts, and the counts of all files are added.
 */
export function skabScore(files: readonly SkabFile[]): SkabScore {
  const counts = [0, 0, 0, 0];
  for (const { detected, anomalous } of files)
    for (let t = skabStartUp; t < anomalous.length; t++) counts[(detected[t] ? 2 : 0) + (anomalous[t] ? 1 : 0)]++;
  const [trueNegatives, falseNegatives, falsePositives, truePositives] = counts;
  return {
    f1: ratio(2 * truePositives, falsePositives + falseNegatives + truePositives + truePositives),
    falseAlarms: 100 * ratio(falsePositives, falsePositives + trueNegatives),
    missed: 100 * ratio(falseNegatives, falseNegatives + truePositives),
  };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
