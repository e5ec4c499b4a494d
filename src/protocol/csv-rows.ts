import { validity } from './channel-order.ts';
import { cut, ProtocolError } from './protocol-error.ts';
import { type Columns, columnsOf, missingCell, numberCell, type Splitter, splitterOf } from './csv-table.ts';
import type { Limits } from './limits.ts';
import { looksLikeTime, timeWarning } from './named-samples.ts';
import { numbered } from './numbered.ts';
import { limitChannels, type Samples, stamped } from './samples.ts';
import type { Stamp } from './stamp.ts';
import { stampAmong } from './time-field.ts';

/**
 * Parses rows of numbers, one frame each, separated by commas, semicolons, tabs, or spaces. If the first row is not numeric,
 * it names the channels, and a column such as `time` or `Time (s)` is the time of the frames. An empty cell is a missing
 * sample. Without times, all rows are one message.
 */
export function readCsvRows(text: string, limits: Limits): Samples[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const isFilled = (line: string) => line.trim() !== '';
  const first = lines.findIndex(isFilled);
  if (first < 0) throw new ProtocolError('bad-message', 'body must contain at least one row, got none');
  const split = splitterOf(lines[first], lines.findLast(isFilled)!);
  const second = lines.findIndex((line, at) => at > first && isFilled(line));
  const columns = numbered(`line ${first + 1}`, () =>
    columnsOf(split(lines[first]), second < 0 ? undefined : split(lines[second])),
  );
  limitChannels(columns.samples.length, limits.maxChannels);
  if (columns.header && second < 0)
    throw new ProtocolError('bad-message', 'body must contain at least one row of numbers, got a header only');
  // a row has at least one character per cell, so that this is enough unless a row is too short
  const capacity = Math.min(lines.length * columns.samples.length, text.length + columns.samples.length);
  const rows = new Rows(columns, split, capacity);
  let at = columns.header ? second : first;
  numbered(
    () => `line ${at + 1}`,
    () => {
      for (; at < lines.length; at++) if (isFilled(lines[at])) rows.add(lines[at]);
    },
  );
  return rows.messages();
}

/** The samples and the times of rows. */
class Rows {
  readonly #columns: Columns;
  readonly #split: Splitter;
  readonly #data: Float32Array;
  readonly #stamps: (Stamp | undefined)[] = [];
  /** Positions of columns with values that look like times. */
  readonly #doubtful = new Set<number>();
  #count = 0;

  /** @param capacity maximum number of samples */
  constructor(columns: Columns, split: Splitter, capacity: number) {
    this.#columns = columns;
    this.#split = split;
    this.#data = new Float32Array(capacity);
  }

  add(line: string): void {
    const { count, samples, times, header } = this.#columns;
    const cells = this.#split(line);
    if (cells.length !== count)
      throw new ProtocolError('bad-shape', `row must have ${count} cells, like the first row, got ${cells.length}`);
    for (const at of samples) {
      const sample = sampleOf(cells[at]) ?? this.#rejected(at, cells[at].trim());
      if (sample > 1e8 && looksLikeTime(sample)) this.#doubtful.add(at);
      this.#data[this.#count++] = sample;
    }
    if (!header || times.length === 0) return;
    const written = times.map((at) => [header[at] || `column ${at + 1}`, cells[at].trim()] as const);
    this.#stamps.push(stampAmong(written.filter(([, cell]) => !missingCell.test(cell))));
  }

  /** All rows as one message, or one message per row if they have times. */
  messages(): Samples[] {
    const { samples, header, warnings } = this.#columns;
    const channels = samples.length;
    const labels = header && samples.map((at) => header[at]);
    const time = timeWarning([...this.#doubtful].map((at) => this.#name(at)));
    const all = [...warnings, ...(time === undefined ? [] : [time])];
    const data = this.#data.slice(0, this.#count);
    const message = (part: Float32Array, stamp?: Stamp): Samples => {
      const valid = validity(part, part.length / channels);
      const noted = [...all, ...(stamp?.warning === undefined ? [] : [stamp.warning])];
      return {
        type: 'samples',
        data: part,
        channels,
        ...(labels && { labels, named: true }),
        ...stamped(stamp),
        ...(valid && { valid }),
        ...(noted.length > 0 && { warnings: noted }),
      };
    };
    if (this.#stamps.length === 0) return [message(data)];
    return this.#stamps.map((stamp, row) => message(data.slice(row * channels, (row + 1) * channels), stamp));
  }

  #name(at: number): string {
    return this.#columns.header?.[at] ?? `column ${at + 1}`;
  }

  #rejected(at: number, cell: string): never {
    const name = this.#name(at);
    if (numberCell.test(cell))
      throw new ProtocolError('not-finite', `${name} must be a number within the range of float32, got ${cut(cell)}`);
    const advice = /^[+-]?\d+,\d+$/.test(cell)
      ? '; write decimal points, such as 21.5'
      : /\d[-/.:]\d/.test(cell)
        ? '; start with a header row that names the time column, such as time,temperature'
        : '';
    throw new ProtocolError('bad-sample', `${name} must be a number or empty, got '${cut(cell)}'${advice}`);
  }
}

/** Returns a sample, NaN for a missing one; undefined for any other cell. */
function sampleOf(written: string): number | undefined {
  const cell = written.trim();
  if (numberCell.test(cell)) {
    const sample = Number(cell);
    return Number.isFinite(Math.fround(sample)) ? sample : undefined;
  }
  return missingCell.test(cell) ? NaN : undefined;
}
