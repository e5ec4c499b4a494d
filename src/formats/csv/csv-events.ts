import { isMissing } from '../cell.ts';
import { readTextCell } from './csv-preamble.ts';
import type { RecordedMark } from '../recording.ts';
import type { ColumnProfile } from '../text/column-profile.ts';

/** The columns of events of a table. */
export interface EventColumns {
  /** Indexes of the columns with the texts of events. */
  readonly labels: readonly number[];
  /** Index of the column with their durations in s. */
  readonly duration?: number;
  /** Whether `csvWriter` wrote the table: every row without samples is an event, and its text is escaped. */
  readonly written: boolean;
}

const eventName =
  /\b(events?|markers?|annotations?|elements|triggers?|stimulus|stim|remarks?|notes?|comments?|messages?)\b/i;

/**
 * Finds the columns of events: sparse texts in a column named event, marker, annotation, …, or texts that are mostly in rows
 * without samples.
 *
 * @param alone for each column, the number of rows that have a text in it and no samples
 * @param used indexes of the columns of times
 */
export function findEventColumns(
  profiles: readonly ColumnProfile[],
  alone: readonly number[],
  used: readonly number[],
): EventColumns {
  const labels = [...profiles.keys()].filter((column) => {
    if (used.includes(column)) return false;
    const { name, texts, numbers, missing } = profiles[column];
    const named = missing >= texts && eventName.test(name.replaceAll('_', ' '));
    return texts > numbers && (named || alone[column] > texts / 2);
  });
  return { labels, written: false };
}

/** Collects the events of the rows of a table. */
export class CsvEvents {
  readonly #columns: EventColumns;
  readonly #events: Omit<RecordedMark, 'at' | 'frames'>[] = [];

  constructor(columns: EventColumns) {
    this.#columns = columns;
  }

  /**
   * Reads the events of a row at `time` in ms. Returns whether it is an event and not a frame.
   *
   * @param values the cells of samples
   */
  read(time: number, cells: readonly string[], values: readonly string[]): boolean {
    const { labels, duration, written } = this.#columns;
    if (written && labels.length > 0) {
      const isEvent = values.every((cell) => cell === '');
      if (isEvent) this.#add(time, readTextCell(cells[labels[0]]), Number(cells[duration ?? 0] || 0));
      return isEvent;
    }
    const texts = labels.map((column) => cells[column]).filter((cell) => !isMissing(cell));
    // Mind Monitor writes events as addresses of its network messages.
    for (const text of texts) this.#add(time, text.replace(/^\/muse\/elements\//, ''), 0);
    return texts.length > 0 && values.every(isMissing);
  }

  #add(time: number, label: string, seconds: number): void {
    // The decimal in s is rounded to µs, as it was written.
    const duration = Math.round(seconds * 1e6) / 1000;
    if (!Number.isNaN(time)) this.#events.push({ time, label, ...(duration > 0 && { duration }) });
  }

  /** The events as marks in the order of time. `frameAt` returns the index of the frame next to a time in ms. */
  marks(rate: number, frameAt: (time: number) => number): RecordedMark[] {
    return [...this.#events]
      .sort((a, b) => a.time - b.time)
      .map((event) => {
        const frames = Math.round(((event.duration ?? 0) * rate) / 1000);
        return { at: frameAt(event.time), ...event, ...(frames > 0 && { frames }) };
      });
  }
}
