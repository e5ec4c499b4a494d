import { Detector, type DetectorOptions } from '../../core/detector/detector.ts';
import { asUsage, UsageError } from '../failure.ts';
import { column, readTable } from './csv-table.ts';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Folders of SKAB whose files are scored. */
const folders = ['valve1', 'valve2', 'other'];
const labels = ['anomaly', 'changepoint'];

/** One file of SKAB. */
export interface SkabSeries {
  /** `folder/file.csv`. */
  readonly name: string;
  /** [frames, channels], one frame a second. */
  readonly data: Float32Array;
  readonly channels: number;
  /** 1 = anomalous. */
  readonly truth: Float64Array;
}

/** The scored files of a SKAB checkout (its data/, or the folder above), or of a part of one. */
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
    throw new UsageError(`${folder}: is no SKAB checkout: it must hold ${folders.join(', ')} with CSV files`);
  return found;
}

function readSeries(data: string, name: string): SkabSeries {
  const path = join(data, name);
  const table = readTable(path, ';');
  const columns = table.names.slice(1).filter((each) => !labels.includes(each));
  return asUsage(() => {
    if (columns.length === 0) throw new RangeError('has no column of a sensor');
    const truth = column(table, 'anomaly');
    const samples = columns.map((each) => column(table, each));
    const length = truth.length * columns.length;
    const data = Float32Array.from({ length }, (_, i) => samples[i % columns.length][Math.floor(i / columns.length)]);
    return { name, data, channels: columns.length, truth };
  }, path);
}

/** What a fresh detector tells of each frame: whether the level of any channel is shifted. */
export function runSkab({ data, channels, truth }: SkabSeries, options: DetectorOptions = {}): SkabFile {
  const detector = new Detector(channels, 1, options);
  const { shifted } = detector.push({ data, channels, start: 0, rate: 1, time: 0 });
  const told = truth.map((_, t) => (shifted.subarray(t * channels, (t + 1) * channels).includes(1) ? 1 : 0));
  return { told, truth };
}

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
