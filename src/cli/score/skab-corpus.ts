import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Detector, type DetectorOptions } from '../../core/detector/detector.ts';
import type { SkabFile } from './skab-score.ts';
import { column, readTable } from '../read-table.ts';
import { asUsage, UsageError } from '../usage-error.ts';

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
