import { ReadingError, type ReadOptions, type Recording } from '../formats/recording.ts';
import { readRecordingFile } from '../sources/node/index.ts';
import { counted, share } from './amounts.ts';
import { UsageError, usageOf } from './failure.ts';
import type { Progress } from './progress.ts';
import { readingAdvice } from './reading-options.ts';

/** The recording formats, for the help of a command. */
export const recordingFormats = 'EDF, BDF, GDF, XDF, BrainVision, WFDB, OpenBCI text, or CSV';

/** The layout of a CSV recording, for the help of a command. */
export const csvHelp = `
CSV input:
  One frame per line below a header with the column names; cells separated by
  commas, semicolons, or tabs. Cells that are not numbers are missing samples.
  A column named time, timestamp, date, or datetime is the time of the frame:
  2025-03-01T12:00:00Z (UTC if no time zone is given), or seconds or milliseconds
  since 1970. Rows must be in chronological order. Missing rows are gaps. If the
  times are irregular, each frame keeps its own time. Decimal commas are accepted
  if cells are separated by semicolons or tabs.
`;

/**
 * Reads the recording that a command was given. Prints its notes to stderr. Throws a UsageError that starts with the path
 * if it cannot be read or contains no samples.
 */
export async function readRecordingOf(path: string, options: ReadOptions, line: Progress): Promise<Recording> {
  const onProgress = (bytes: number, total: number) => line.show(`Reading ${share(bytes, total)}`);
  const recording = await readRecordingFile(path, { ...options, onProgress }).catch((error: unknown) => {
    const { cause } = error as Error;
    if (cause instanceof ReadingError) throw new UsageError(`${path}: ${readingAdvice(cause)}`, { cause: error });
    throw usageOf(error);
  });
  line.clear();
  const { channels, marks = [], notes = [] } = recording;
  if (channels.length === 0)
    throw new UsageError(`${path}: the recording contains ${counted(marks.length, 'event')} and no samples`);
  for (const note of notes) process.stderr.write(`${path}: ${note}\n`);
  if (notes.some((note) => /^Skipped .*(columns|signals)/.test(note)))
    process.stderr.write('Use --columns to select other columns.\n');
  return recording;
}
