import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { lockDirectory } from '../server/state-directory.ts';
import { eraseRecording, recordedStreams } from '../store/read-only-recording.ts';
import { checkStreamName, httpAddress } from './address.ts';
import { UsageError, usageOf } from './failure.ts';

/** `tapline erase`: deletes the recording of a stream. */
export function eraseCommand(): Command<[string], { state: string; server?: string }> {
  return new Command('erase')
    .summary('Delete the recording of a stream')
    .description(
      'Delete the whole recording of a stream: samples, events, and overviews. Learned weights and alarms are not deleted. If a server is running, set --server; the server continues to record the stream.',
    )
    .argument('<stream>', 'Stream name')
    .option('--state <directory>', "Directory of 'tapline serve --state'", '.tapline')
    .option('--server <url>', 'Address of the running server that records the stream')
    .addHelpText(
      'after',
      '\nExamples:\n  tapline erase headset\n  tapline erase headset --server http://127.0.0.1:8080',
    )
    .action(async (stream, { state, server }) => {
      checkStreamName(stream);
      if (server === undefined) await eraseFiles(stream, state);
      else await eraseFromServer(stream, server);
      process.stderr.write(`Erased the recording of ${stream}\n`);
    });
}

/** Deletes a recording in a directory that no server uses. */
async function eraseFiles(stream: string, state: string): Promise<void> {
  const directory = join(state, 'recordings');
  const streams = await recordedStreams(directory);
  if (!streams.includes(stream)) throw notRecorded(stream, directory, streams);
  const lock = await lockDirectory(state).catch((error: unknown) => {
    const owner = /another server uses it \(process (\d+)\)/.exec(String(error))?.[1];
    throw owner === undefined
      ? usageOf(error)
      : new UsageError(
          `the server with process ID ${owner} uses ${state}. Set its address with --server, such as --server http://127.0.0.1:8080, or stop it.`,
          { cause: error },
        );
  });
  try {
    await eraseRecording(directory, stream);
    // what a killed command has left
    for (const name of await readdir(directory))
      if (name.startsWith(`.erased-${stream}-`)) await rm(join(directory, name), { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}

async function eraseFromServer(stream: string, server: string): Promise<void> {
  const address = httpAddress(server, `/recordings/${stream}`, '--server');
  const response = await fetch(address, { method: 'DELETE' }).catch((error: unknown) => {
    throw new UsageError(`no server answers at ${address.origin}`, { cause: error });
  });
  const text = await response.text();
  if (response.ok) return;
  throw new UsageError(
    `${address.origin}: ${errorIn(text) ?? `status ${response.status}: ${text.trim().slice(0, 200)}`}`,
  );
}

/** Returns the sentence of a response `{ error }`. */
function errorIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

function notRecorded(stream: string, directory: string, streams: readonly string[]): UsageError {
  const recorded = streams.length > 0 ? ` Recorded streams: ${streams.join(', ')}.` : '';
  return new UsageError(`stream ${stream} is not recorded in ${directory}.${recorded}`);
}
