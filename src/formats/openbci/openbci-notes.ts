import type { Contradiction, LostFrames } from './openbci-gaps.ts';

/** Counts lines of one kind and keeps the number of the first one. */
class LineCount {
  lines = 0;
  first = 0;
  /** Number of cells in the first line. */
  cells = 0;

  add(line: number, cells = 0): void {
    if (this.lines++ > 0) return;
    this.first = line;
    this.cells = cells;
  }
}

/** What was skipped in the rows of an OpenBCI file. */
export class RowNotes {
  readonly zeros: LineCount = new LineCount();
  readonly damaged: LineCount = new LineCount();
  /** Missing samples of each channel. */
  readonly missing: number[];
  /** The incomplete last line. */
  cut: { readonly line: number; readonly kept: boolean } | undefined;
  readonly #labels: readonly string[];

  constructor(labels: readonly string[]) {
    this.#labels = labels;
    this.missing = labels.map(() => 0);
  }

  /** Throws an Error that names the first damaged line if there are no frames or more damaged lines than frames. */
  checkDamage(frames: number, cells: number): void {
    const { lines, first, cells: got } = this.damaged;
    if (lines > 0 && lines >= frames) throw new Error(`line ${first} must have ${cells} cells, got ${got}`);
    if (frames === 0) throw new Error('the file has no frames');
  }

  sentences(): string[] {
    const { zeros, damaged, cut } = this;
    const missing = this.#labels.flatMap((label, i) => (this.missing[i] > 0 ? [`${this.missing[i]} in ${label}`] : []));
    return [
      ...(zeros.lines > 0 ? [`Skipped ${rowsOf(zeros.lines, zeros.first)} of zeros before the first frame.`] : []),
      ...(damaged.lines > 0
        ? [`Skipped ${rowsOf(damaged.lines, damaged.first)} with missing or additional cells; their frames are lost.`]
        : []),
      ...(cut ? [`The last row (line ${cut.line}) is incomplete${cut.kept ? '' : ' and is skipped'}.`] : []),
      ...(missing.length > 0 ? [`Cells that are not numbers are read as missing samples: ${missing.join(', ')}.`] : []),
    ];
  }
}

/**
 * Sentences on timestamps and the sample index.
 *
 * @param lines line of each row
 * @param stamped whether the file has timestamps
 * @param maxGap longest gap in frames
 */
export function clockNotes(
  { lost, counted, corrected, clockSet, wild, period }: LostFrames,
  lines: readonly number[],
  stamped: boolean,
  rate: number,
  maxGap: number,
): string[] {
  const seconds = (ms: number) => `${Number((Math.abs(ms) / 1000).toPrecision(4))} s`;
  const line = ({ row }: Contradiction) => `line ${lines[row]}`;
  const long = [...lost.keys()].filter((row) => lost[row] > maxGap);
  const implied = 1000 / period;
  const notes: string[] = [];
  if (!counted && lines.length > 1)
    notes.push(
      stamped
        ? 'The first column does not count frames: lost frames are determined from the timestamps.'
        : 'The first column does not count frames and there are no timestamps: lost frames are not detected.',
    );
  if (counted && corrected.length > 0)
    notes.push(
      `The timestamps contradict the sample index at ${rowsOf(corrected.length, lines[corrected[0].row])} (by ${seconds(corrected[0].difference)}): they determine the number of lost frames there.`,
    );
  for (const each of clockSet.slice(0, 3))
    notes.push(
      `The clock was set ${each.difference < 0 ? 'back' : 'forward'} by ${seconds(each.difference)} at ${line(each)}: the sampling rate determines the times after it.`,
    );
  if (wild.length > 0)
    notes.push(
      `The timestamps of ${rowsOf(wild.length, lines[wild[0]])} are ignored, because the following rows contradict them.`,
    );
  for (const row of long)
    notes.push(`The gap of ${seconds((lost[row] * 1000) / rate)} before line ${lines[row]} starts a new segment.`);
  if (Math.abs(implied / rate - 1) > 0.05)
    notes.push(
      `The timestamps imply ${Number(implied.toPrecision(4))} Hz, but the sampling rate is ${rate} Hz. Set another sampling rate if it is wrong.`,
    );
  return notes;
}

function rowsOf(count: number, first: number): string {
  return count === 1 ? `1 row (line ${first})` : `${count} rows (first: line ${first})`;
}
