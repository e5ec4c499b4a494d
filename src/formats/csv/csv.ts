import { integer, positive } from '../../core/check.ts';
import { csvRecording } from './csv-recording.ts';
import { CsvTable } from './csv-table.ts';
import { type ReadOptions, readWhole, type Recording, type RecordingReader } from '../recording.ts';

export { csvWriter } from './csv-writer.ts';
export type { CsvWriter } from './csv-writer.ts';

/**
 * Creates a reader of tables as text: CSV and its relatives, with or without a header. It determines the encoding, the lines
 * before the table, the delimiter (`,` `;` tab `|` or spaces), the names and units, the notation of numbers and dates, and the
 * column of the times, from the whole file. Empty cells, words such as NA, and cells that are not numbers are NaN. Regular
 * times show gaps: a step of n periods means n - 1 missing frames. Frames keep their times: within half a step if the steps
 * are regular, else exactly. Texts in rows without samples are events. `notes` reports what was assumed and skipped.
 *
 * The reader throws a ReadingError that names the options that help if the file is ambiguous, a MissingRateError if neither
 * the options nor the file determine the rate, and an Error that names the line if the text is not a table.
 */
export function csvReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  if (options.maxGap !== undefined) positive('maxGap', options.maxGap, 's');
  if (options.skip !== undefined) integer('skip', options.skip, 0);
  const pieces: Uint8Array[] = [];
  return {
    push: (bytes) => void pieces.push(bytes.slice()),
    end: () => csvRecording(new CsvTable(pieces, options), options),
  };
}

/** Reads CSV from a string. Options and errors are those of `csvReader`. */
export function readCsv(text: string, options: ReadOptions = {}): Recording {
  return readWhole(csvReader(options), text);
}
