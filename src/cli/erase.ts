import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { lockDirectory } from '../server/state-directory.ts';
import { eraseRecording, recordedStreams } from '../store/read-only-recording.ts';
import { checkStreamName } from './address.ts';
import { UsageError, usageOf } from './failure.ts';

/** `tapline erase`: deletes the recording of a stream. */
export function eraseCommand(): Command<[string], { state: string }> {
  return new Command('erase')
    .summary('Delete the recording of a stream')
    .description(
      'Delete everything that is recorded of a stream, including its overviews and checkpoints. Learned weights and alarms are kept. Stop the server first.',
    )
    .argument('<stream>', 'Stream name')
    .option('--state <directory>', "Directory of 'tapline serve --state'", '.tapline')
    .addHelpText('after', '\nExample:\n  tapline erase headset')
    .action(async (stream, { state }) => {
      checkStreamName(stream);
      const directory = join(state, 'recordings');
      const streams = await recordedStreams(directory);
      if (!streams.includes(stream)) throw notRecorded(stream, directory, streams);
      const lock = await lockDirectory(state).catch((error: unknown) => {
        const owner = /another server uses it \(process (\d+)\)/.exec(String(error))?.[1];
        throw owner === undefined
          ? usageOf(error)
          : new UsageError(`the server with process ID ${owner} uses ${state}. Stop it, then run this command again.`, {
              cause: error,
            });
      });
      try {
        await eraseRecording(directory, stream);
        // what a killed command has left
        for (const name of await readdir(directory))
          if (name.startsWith(`.erased-${stream}-`)) await rm(join(directory, name), { recursive: true, force: true });
      } finally {
        await lock.release();
      }
      process.stderr.write(`Erased the recording of ${stream}\n`);
    });
}

function notRecorded(stream: string, directory: string, streams: readonly string[]): UsageError {
  const recorded = streams.length > 0 ? ` Recorded streams: ${streams.join(', ')}.` : '';
  return new UsageError(`stream ${stream} is not recorded in ${directory}.${recorded}`);
}
