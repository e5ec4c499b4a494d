import { ReadingError, type ReadOptions, type Recording } from '../formats/recording.ts';
import { timeNotes } from '../formats/time-notes.ts';
import { readRecordingFile } from '../sources/node/index.ts';
import { counted, share } from './amounts.ts';
import { ask, canAsk } from './ask.ts';
import { UsageError } from './failure.ts';
import type { Progress } from './progress.ts';
import { commandText, readingAdvice, textFlags } from './reading-options.ts';
import { askForOption } from './reading-question.ts';

/** The recording formats, for the help of a command. */
export const recordingFormats = 'EDF, BDF, GDF, XDF, BrainVision, WFDB, OpenBCI text, or CSV';

/** The layout of a CSV recording, for the help of a command. */
export const csvHelp = `
CSV input:
  One frame per row. Separators, decimal commas, units, dates, and the column of
  the times are detected. Missing rows are gaps. Columns that look like labels
  are skipped. tapline inspect <file> shows how a file is read; docs/files.md
  describes the rules.
`;

/**
 * Reads the recording that a command was given. Prints its notes to stderr. Throws a UsageError that starts with the path
 * if it cannot be read or contains no samples.
 */
export async function readRecordingOf(path: string, options: ReadOptions, line: Progress): Promise<Recording> {
  const { recording, notes } = await readNoted(path, options, line);
  const { channels, marks = [] } = recording;
  if (channels.length === 0)
    throw new UsageError(`${path}: the recording contains ${counted(marks.length, 'event')} and no samples`);
  for (const note of notes) process.stderr.write(`${path}: ${note}\n`);
  return recording;
}

/**
 * Reads a recording, with its notes and those of the command line. On a terminal, the user is asked for an option that the
 * reader requires. Throws a UsageError that starts with the path if the file cannot be read.
 */
export async function readNoted(
  path: string,
  options: ReadOptions,
  line: Progress,
): Promise<{ recording: Recording; notes: string[] }> {
  const onProgress = (bytes: number, total: number) => line.show(`Reading ${share(bytes, total)}`);
  try {
    const recording = await readRecordingFile(path, { ...options, onProgress });
    return { recording, notes: notesOf(recording, options) };
  } catch (error) {
    line.clear();
    const { cause, message } = error as Error;
    if (!(cause instanceof ReadingError)) throw new UsageError(commandText(message), { cause: error });
    const answered = canAsk() ? await askForOption(path, cause, options, ask) : undefined;
    if (answered) return await readNoted(path, answered, line);
    throw new UsageError(`${path}: ${readingAdvice(cause)}`, { cause: error });
  } finally {
    line.clear();
  }
}

function notesOf(recording: Recording, options: ReadOptions): string[] {
  const { format, notes = [] } = recording;
  const ignored = format === 'csv' || format === 'openbci' ? [] : textFlags(options);
  return [
    ...[...notes, ...timeNotes(recording, Date.now())].map(commandText),
    ...(ignored.length > 0
      ? [
          `Ignored ${ignored.join(', ')}: ${ignored.length > 1 ? 'these options apply' : 'this option applies'} only to CSV and OpenBCI files.`,
        ]
      : []),
    ...(notes.some((note) => /^Skipped .*(columns|signals)/.test(note))
      ? ['Use --columns to select other columns.']
      : []),
  ];
}
