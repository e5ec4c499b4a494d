import type { Limits } from './limits.ts';
import { namedFrame, timeKeys } from './named-samples.ts';
import { ProtocolError } from './protocol-error.ts';
import { numbered } from './numbered.ts';
import { limitChannels, type Samples } from './samples.ts';
import { readStamp, type Stamp } from './stamp.ts';

const numberCell = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Cells that mean a missing sample. */
const missingCell = /^(|na|n\/a|nan|null|none|-|\?)$/i;

/**
 * Parses rows of numbers, one frame each, separated by commas, semicolons, or tabs. If the first row is not numeric, it names
 * the channels; a column `time`, `ts`, or `timestamp` is the time of the frames. An empty cell is a missing sample.
 */
export function readCsvRows(text: string, limits: Limits): Samples[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const rows = lines.flatMap((line, at) => (line.trim() === '' ? [] : [{ line, at: at + 1 }]));
  if (rows.length === 0) throw new ProtocolError('bad-message', 'body must contain at least one row, got none');
  const separator = [';', '\t', ','].find((mark) => rows[0].line.includes(mark)) ?? ',';
  const cells = rows.map(({ line, at }) => numbered(`line ${at}`, () => cellsOf(line, separator)));
  const header = isNames(cells[0]) ? cells[0] : undefined;
  if (header && rows.length === 1)
    throw new ProtocolError('bad-message', 'body must contain at least one row of numbers, got a header only');
  return cells.slice(header ? 1 : 0).map((row, i) =>
    numbered(`line ${rows[i + (header ? 1 : 0)].at}`, () => {
      if (row.length !== cells[0].length)
        throw new ProtocolError(
          'bad-shape',
          `row must have ${cells[0].length} cells, like the first row, got ${row.length}`,
        );
      return header ? namedRow(header, row, limits) : plainRow(row, limits);
    }),
  );
}

function isNames(row: readonly string[]): boolean {
  return row.every((cell) => !numberCell.test(cell) && !missingCell.test(cell));
}

function namedRow(header: readonly string[], row: readonly string[], limits: Limits): Samples {
  const timeAt = header.findIndex((name) => timeKeys.includes(name.toLowerCase()));
  const stamp: Stamp | undefined =
    timeAt < 0 || missingCell.test(row[timeAt]) ? undefined : readStamp(header[timeAt], row[timeAt]);
  const entries = header.map((name, i): [string, unknown] => [name, sampleOf(name, row[i], i === timeAt)]);
  return namedFrame(
    entries.filter((_, i) => i !== timeAt),
    stamp,
    limits,
  );
}

function plainRow(row: readonly string[], limits: Limits): Samples {
  limitChannels(row.length, limits.maxChannels);
  const data = Float32Array.from(row, (cell, i) => sampleOf(`column ${i + 1}`, cell, false) ?? NaN);
  const missing = data.some(Number.isNaN);
  return { type: 'samples', data, channels: row.length, ...(missing && { valid: Uint8Array.of(0) }) };
}

function sampleOf(name: string, cell: string, isTime: boolean): number | null {
  if (isTime || missingCell.test(cell)) return null;
  const sample = Number(cell);
  if (numberCell.test(cell) && Number.isFinite(Math.fround(sample))) return sample;
  if (numberCell.test(cell))
    throw new ProtocolError('not-finite', `${name} must be a number within the range of float32, got ${cell}`);
  const advice = /^[+-]?\d+,\d+$/.test(cell)
    ? '; write decimal points, such as 21.5'
    : /\d[-/.:]\d/.test(cell)
      ? '; start with a header row that names the time column, such as time,temperature'
      : '';
  throw new ProtocolError('bad-sample', `${name} must be a number or empty, got '${cell.slice(0, 64)}'${advice}`);
}

/** Splits a row; a cell in double quotes can contain the separator, and `""` for a quote. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  const cell = new RegExp(` *(?:"((?:[^"]|"")*)" *|(?! *")([^${separator}]*))(${separator}|$)`, 'y');
  for (;;) {
    const found = cell.exec(line);
    if (!found) throw new ProtocolError('bad-message', 'cell must end with a double quote if it starts with one');
    const [, quoted, plain, end] = found;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    if (end === '') return cells;
  }
}
