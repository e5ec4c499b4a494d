import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '../../core/blocks/block.ts';
import { fields, invalid } from '../../core/check.ts';
import { Detector, type DetectorOptions } from '../../core/detector/detector.ts';
import { readIsoTime } from '../../core/blocks/iso-time.ts';
import { inferRate } from '../../formats/time/sampling-rate.ts';
import { parseJson } from '../parse-json.ts';
import { column, readTable } from './csv-table.ts';
import { asUsage, UsageError } from '../failure.ts';

/** One file of NAB. */
export interface NabSeries {
  readonly category: string;
  /** `file.csv`. */
  readonly file: string;
  /** Timestamps as in the file. */
  readonly stamps: readonly string[];
  /** The timestamps in ms. */
  readonly times: Float64Array;
  readonly samples: Float64Array;
  /** [first row, last row] of each labeled window. */
  readonly windows: readonly (readonly [number, number])[];
}

/** Reads the files in `folder`/data of a clone of NAB, or of a part of it. */
export function readNab(folder: string): NabSeries[] {
  const data = join(folder, 'data');
  const labels = join(folder, 'labels', 'combined_windows.json');
  if (!existsSync(data) || !existsSync(labels))
    throw new UsageError(
      `${folder}: not a clone of NAB. The directory must contain data/ and labels/combined_windows.json.`,
    );
  const windows = asUsage(() => windowsOf(parseJson(readFileSync(labels, 'utf8'))), labels);
  const found = readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .flatMap((category) =>
      readdirSync(join(data, category))
        .filter((file) => file.endsWith('.csv'))
        .sort()
        .map((file) => readSeries(data, category, file, windows.get(`${category}/${file}`) ?? [])),
    );
  if (found.length === 0) throw new UsageError(`${data}: no directory contains CSV files`);
  return found;
}

/** The first and the last timestamp of a window. */
type Edges = readonly [string, string];

/** The windows of each labeled file. Throws if the labels have another structure. */
function windowsOf(labels: unknown): Map<string, readonly Edges[]> {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((stamp) => typeof stamp === 'string');
  const files = Object.entries(fields('labels', labels as object, 'an object of windows by file'));
  for (const [file, windows] of files)
    if (!Array.isArray(windows) || !windows.every(isPair))
      throw invalid(`the windows of ${file}`, 'an array of pairs of timestamps', windows, TypeError);
  return new Map(files as [string, readonly Edges[]][]);
}

function readSeries(data: string, category: string, file: string, windows: readonly Edges[]): NabSeries {
  const path = join(data, category, file);
  const table = readTable(path, ',');
  return asUsage(() => {
    const stamps = table.rows.map(([stamp]) => stamp);
    const times = Float64Array.from(stamps, timeOf);
    const wrong = times.findIndex(Number.isNaN);
    if (wrong >= 0) throw invalid(`timestamp in row ${wrong + 1}`, 'an ISO date and time', stamps[wrong]);
    if (!(rateOf(times) > 0))
      throw new RangeError('the timestamps do not determine a sampling rate (the median step is not > 0)');
    const samples = column(table, 'value');
    return { category, file, stamps, times, samples, windows: windows.map((edges) => rowsOf(edges, times)) };
  }, path);
}

function rowsOf(edges: Edges, times: Float64Array): [number, number] {
  const [first, last] = edges.map((stamp) => {
    const row = times.indexOf(timeOf(stamp));
    if (row < 0) throw new RangeError(`no row has the timestamp ${stamp}, which is the edge of a window`);
    return row;
  });
  if (last < first) throw invalid('the end of a window', `after its start at ${edges[0]}`, edges[1]);
  return [first, last];
}

/** The sampling rate of the first hundred rows in Hz. */
function rateOf(times: Float64Array): number {
  const first = times.subarray(0, 100);
  return inferRate(first.subarray(1).map((time, row) => time - first[row]));
}

/** An ISO date and time in ms since 1970; NaN if the stamp is none. */
function timeOf(stamp: string): number {
  return readIsoTime(stamp)?.time ?? NaN;
}

/**
 * A series as blocks, one for each run of evenly spaced rows, so that every row has its own time. Rows are numbered
 * consecutively, as NAB counts them. The rate is that of the first rows.
 */
export function* nabBlocks({ times, samples }: NabSeries): Generator<Block> {
  const rate = rateOf(times);
  let from = 0;
  for (let to = 1; to <= times.length; to++) {
    if (to < times.length && times[to] - times[to - 1] === 1000 / rate) continue;
    yield { data: Float32Array.from(samples.subarray(from, to)), channels: 1, start: from, rate, time: times[from] };
    from = to;
  }
}

/** One score per row, and the rows that raised alarms. */
export interface NabRun {
  readonly scores: Float64Array;
  readonly alarms: readonly number[];
}

/** Runs a new detector on a series. */
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
