import { frameCount, timeOf, type Block } from '../../core/blocks/block.ts';
import { invalid, nonNegative } from '../../core/check.ts';
import { preambleOf, textCell } from './csv-preamble.ts';
import type { Channel } from '../recording.ts';

/** Writes blocks as CSV text. */
export interface CsvWriter {
  /** `time,<labels>` and a line break; with a rate or with events, see `CsvWriterOptions`. */
  header(): string;
  /**
   * One line per frame: its time in ISO 8601 (UTC, µs), then its samples; a missing sample is NaN. Throws a RangeError if
   * the block has another number of channels.
   */
  rows(block: Block): string;
  /** One line for an event. Its cells of samples are empty. Throws an Error if the writer has no columns for events. */
  event(event: TimedEvent): string;
}

/** An event with its own time. */
export interface TimedEvent {
  /** Time of the start in ms since 1970. */
  readonly time: number;
  /** Text of the event. */
  readonly label: string;
  /** Duration in ms; absent for an instant. */
  readonly duration?: number;
}

/** Options of a CSV writer. */
export interface CsvWriterOptions {
  /**
   * Sampling rate in Hz; 0 = irregular. With it, the first line is a comment that describes the stream exactly: kind, rate,
   * labels, and units. Default: no such line.
   */
  readonly rate?: number;
  /** Kind of signal, such as 'eeg', for the first line. */
  readonly kind?: string;
  /** Whether the last two columns are for events: their label and their duration in s. Default: false. */
  readonly events?: boolean;
}

/**
 * Creates a writer of CSV that `readCsv` reads back bit for bit: every sample is printed in the shortest form that is still the
 * same float32. A gap appears as a jump in time. With a rate and events:
 *
 *     # tapline: {"rate":250,"channels":[{"label":"Oz","unit":"µV"}]}
 *     time,Oz (µV),event,duration
 *     2025-03-01T12:00:00.000000Z,1.5,,
 *     2025-03-01T12:00:00.001000Z,,eyes closed,2.5
 *
 * In pandas, `pd.read_csv(path, comment='#')` skips the first line.
 */
export function csvWriter(
  channels: readonly (string | Channel)[],
  { rate, kind, events = false }: CsvWriterOptions = {},
): CsvWriter {
  if (rate !== undefined) nonNegative('rate', rate);
  const described = channels.map((channel) => (typeof channel === 'string' ? { label: channel } : channel));
  const preamble = rate === undefined ? '' : `${preambleOf({ kind, rate, channels: described })}\n`;
  // Without the first line, a unit would become part of the label.
  const names = described.map(({ label, unit }) => (rate !== undefined && unit ? `${label} (${unit})` : label));
  const columns = ['time', ...names.map(textCell), ...(events ? ['event', 'duration'] : [])];
  const noEvent = events ? ',,' : '';
  return {
    header: () => `${preamble}${columns.join(',')}\n`,
    rows(block) {
      if (block.channels !== described.length) throw invalid('block.channels', `${described.length}`, block.channels);
      let text = '';
      for (let frame = 0, at = 0; frame < frameCount(block); frame++) {
        text += isoMicroseconds(timeOf(block, block.start + frame));
        for (let channel = 0; channel < block.channels; channel++) text += `,${shortest(block.data[at++])}`;
        text += `${noEvent}\n`;
      }
      return text;
    },
    event({ time, label, duration }) {
      if (!events) throw new Error('the writer must be created with events: true to write an event');
      const seconds = duration === undefined ? '' : String(duration / 1000);
      return `${isoMicroseconds(time)}${','.repeat(described.length)},${textCell(label)},${seconds}\n`;
    },
  };
}

/** The shortest decimal that is read back as the same float32. */
export function shortest(sample: number): string {
  if (Number.isInteger(sample) && Math.abs(sample) < 1e6) return Object.is(sample, -0) ? '-0' : String(sample);
  if (!Number.isFinite(sample)) return String(sample);
  // Float32 preserves decimals of up to 6 digits, so shorter ones need not be tried, except below the normal range.
  for (let digits = Math.abs(sample) < 1.2e-38 ? 1 : 6; digits < 9; digits++) {
    const decimal = Number(sample.toPrecision(digits));
    if (Math.fround(decimal) === sample) return String(decimal);
  }
  return String(Number(sample.toPrecision(9)));
}

/** A time in ms since 1970 in ISO 8601, rounded to µs. */
function isoMicroseconds(time: number): string {
  const ms = Math.floor(time);
  const micro = Math.round((time - ms) * 1000);
  const whole = new Date(micro === 1000 ? ms + 1 : ms).toISOString().slice(0, -1);
  return `${whole}${String(micro % 1000).padStart(3, '0')}Z`;
}
