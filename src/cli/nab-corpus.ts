import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '../core/block.ts';
import { Detector, type DetectorOptions } from '../core/detector/detector.ts';
import { isoTime } from '../formats/time-column.ts';
import { inferRate } from '../formats/time-step.ts';
import { column, readTable } from './read-table.ts';
import { asUsage, UsageError } from './usage-error.ts';

/** One file of NAB. */
export interface NabSeries {
  readonly category: string;
  /** `file.csv`. */
  readonly file: string;
  /** As they stand in the file. */
  readonly stamps: readonly string[];
  /** The same in ms. */
  readonly times: Float64Array;
  readonly samples: Float64Array;
  /** [first row, last row] of each labelled window. */
  readonly windows: readonly (readonly [number, number])[];
}

/** The files under `folder`/data that a NAB checkout, or a part of one, holds. */
export function readNab(folder: string): NabSeries[] {
  const data = join(folder, 'data');
  const labels = join(folder, 'labels', 'combined_windows.json');
  if (!existsSync(data) || !existsSync(labels))
    throw new UsageError(`${folder}: is no NAB checkout: it must hold data/ and labels/combined_windows.json`);
  const windows = asUsage(() => JSON.parse(readFileSync(labels, 'utf8')) as Record<string, [string, string][]>, labels);
  const found = readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .flatMap((category) =>
      readdirSync(join(data, category))
        .filter((file) => file.endsWith('.csv'))
        .sort()
        .map((file) => readSeries(data, category, file, windows[`${category}/${file}`] ?? [])),
    );
  if (found.length === 0) throw new UsageError(`${data}: holds no CSV files in folders`);
  return found;
}

function readSeries(data: string, category: string, file: string, windows: readonly [string, string][]): NabSeries {
  const path = join(data, category, file);
  const table = readTable(path, ',');
  const stamps = table.rows.map(([stamp]) => stamp);
  const times = Float64Array.from(stamps, isoTime);
  const samples = asUsage(() => column(table, 'value'), path);
  const rowOf = (stamp: string) => {
    const row = times.indexOf(isoTime(stamp));
    if (row < 0) throw new UsageError(`${path}: has no row of ${stamp}, where a window has its edge`);
    return row;
  };
  const limits = windows.map(([first, last]) => [rowOf(first), rowOf(last)] as const);
  return { category, file, stamps, times, samples, windows: limits };
}

/**
 * A series as blocks, one for each run of rows that keep step, so that every row has its own time. Rows are numbered
 * without holes, as NAB counts them. The rate is that of the first hundred rows.
 */
export function* nabBlocks({ times, samples }: NabSeries): Generator<Block> {
  const rate = inferRate([...times.subarray(0, 100)]) || 0;
  let from = 0;
  for (let to = 1; to <= times.length; to++) {
    if (to < times.length && times[to] - times[to - 1] === 1000 / rate) continue;
    yield { data: Float32Array.from(samples.subarray(from, to)), channels: 1, start: from, rate, time: times[from] };
    from = to;
  }
}

/** A score a row, and the rows that raised alarms. */
export interface NabRun {
  readonly scores: Float64Array;
  readonly alarms: readonly number[];
}

/** Runs a fresh detector over a series. */
export function runNab(series: NabSeries, options: DetectorOptions = {}): NabRun {
  const scores = new Float64Array(series.samples.length);
  const alarms: number[] = [];
  let detector: Detector | undefined;
  for (const block of nabBlocks(series)) {
    detector ??= new Detector(1, block.rate, options);
    const found = detector.push(block);
    scores.set(found.score.data, block.start);
    for (const { index } of found.alarms) alarms.push(index);
  }
  return { scores, alarms };
}
