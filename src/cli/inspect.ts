import { Command } from '@commander-js/extra-typings';
import { inspection } from './inspect/inspection.ts';
import { inspectionText } from './inspect/inspection-text.ts';
import { progress } from './progress.ts';
import { csvHelp, readNoted, recordingFormats } from './read-recording.ts';
import { readOptionsOf, type ReadingValues, withReadingOptions } from './reading-options.ts';

/** `tapline inspect`: shows how a file is read. */
export function inspectCommand(): Command<[string], ReadingValues & { json?: true }> {
  const command = new Command('inspect')
    .summary('Show what a file contains')
    .description(
      'Show how a recording is read: its format, channels, sampling rate, start, gaps, events, and first and last rows, with notes on what was assumed.',
    )
    .argument('<input>', `Recording: ${recordingFormats}`)
    .option('--json', 'Print JSON');
  return withReadingOptions(command)
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline inspect recording.csv`)
    .action(async (path, { json, ...reading }) => {
      const { recording, notes } = await readNoted(path, readOptionsOf(reading), progress());
      const about = inspection(recording, notes);
      process.stdout.write(json ? `${JSON.stringify(about, null, 2)}\n` : inspectionText(path, recording, about));
    });
}
