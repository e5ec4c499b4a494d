import type { RecordedMark } from './recording.ts';
import type { ColumnProfile } from './text/column-profile.ts';

/** An event in a row of a table. */
interface RowEvent {
  /** In ms. */
  readonly time: number;
  readonly label: string;
  readonly duration: number;
}

const eventName =
  /\b(events?|markers?|annotations?|elements|triggers?|stimulus|stim|remarks?|notes?|comments?|messages?)\b/i;

/**
 * The columns of events: texts in a column named event, marker, annotation, …, or in rows without samples.
 *
 * @param alone for each column, the number of rows that have a text in it and no samples
 * @param used indexes of the columns of times
 */
export function eventColumns(
  profiles: readonly ColumnProfile[],
  alone: readonly number[],
  used: readonly number[],
): number[] {
  return [...profiles.keys()].filter((column) => {
    if (used.includes(column)) return false;
    const { name, texts, numbers, missing } = profiles[column];
    const named = missing > texts && eventName.test(name.replaceAll('_', ' '));
    return texts > numbers && (named || alone[column] > texts / 2);
  });
}

/** Collects the events of the rows. */
export class CsvEvents {
  readonly #events: RowEvent[] = [];

  add(time: number, label: string, duration = 0): void {
    if (!Number.isNaN(time)) this.#events.push({ time, label: label.replace(/^\/muse\/elements\//, ''), duration });
  }

  /** The events as marks in the order of time. `frameAt` returns the index of the frame next to a time in ms. */
  marks(rate: number, frameAt: (time: number) => number): RecordedMark[] {
    return [...this.#events]
      .sort((a, b) => a.time - b.time)
      .map(({ time, label, duration }) => {
        const frames = Math.round((duration * rate) / 1000);
        return {
          at: frameAt(time),
          label,
          ...(frames > 0 && { frames }),
          time,
          ...(duration > 0 && { duration }),
        };
      });
  }
}
