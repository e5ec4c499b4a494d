import { Command } from '@commander-js/extra-typings';
import { Subject } from 'rxjs';
import type { RecordedMark } from '../formats/index.ts';
import { type BlockSource, publish, replay, type ReplayWait } from '../sources/index.ts';
import { checkStreamName, defaultServer, ingestAddress, streamNameOf } from './address.ts';
import { counted, share } from './amounts.ts';
import { checkSpan } from './export/export.ts';
import { UsageError } from './failure.ts';
import { keyPresses } from './key-press.ts';
import { integerFrom, playbackSpeed } from './options.ts';
import { progress } from './progress.ts';
import { outageNotice, publishing } from './publishing.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { type ReadingValues, readOptionsOf, withReadingOptions } from './reading-options.ts';
import { WaitDisplay } from './replay-wait.ts';
import { stopSignal } from './stop-signal.ts';
import { storedRecording } from './stored-recording.ts';
import { pointInTime, type Selection } from './stored-stream.ts';

type ReplayOptions = ReadingValues & {
  to?: string;
  url?: string;
  from?: number;
  state: string;
  as?: string;
  run?: number;
  stream?: string;
  speed: number;
  loop?: true;
  skipGaps?: true;
  kind?: string;
};

/** `tapline replay`: publishes a recording as a live stream. */
export function replayCommand(): Command<[string | undefined], ReplayOptions> {
  const command = new Command('replay')
    .summary('Replay a recording as a live stream')
    .description(
      'Replay a recording, including its events, as a live stream. Without [input], replay the recording that the server has made of --stream.',
    )
    .argument('[input]', `Recording: ${recordingFormats}`)
    .option('--url <url>', `Server address, or the address of its /ingest/<stream> (default: ${defaultServer})`)
    .option(
      '--stream <name>',
      'Stream name to publish (default: the file name); without [input]: name of the recorded stream',
    )
    .option('--as <name>', 'Stream name to publish a recorded stream as (default: <stream>-replay)')
    .option('--state <directory>', "Directory of 'tapline serve --state'", '.tapline')
    .option('--from <time>', 'Start of the time span of a recorded stream: ISO 8601, or an age such as 2h', pointInTime)
    .option(
      '--to <time>',
      'End of the time span of a recorded stream, exclusive; also accepts a server address, like --url',
    )
    .option(
      '--run <number>',
      'Replay only this run of a recorded stream (default: all runs)',
      integerFrom(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--speed <factor>', 'Playback speed as a multiple of real time, or max for no pauses', playbackSpeed, 1)
    .option('--loop', 'Restart at the end of the recording')
    .option('--skip-gaps', 'Skip pauses of more than 5 s (default: wait; press any key to skip a pause)')
    .option('--kind <kind>', 'Kind of signal, such as eeg (default: from the recording)');
  return withReadingOptions(command)
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline replay recording.txt --url ws://127.0.0.1:8080 --speed 4`)
    .action(async (path, options) => {
      const { speed, loop, skipGaps } = options;
      const { name, url, selection } = planOf(path, options);
      const address = ingestAddress(url, name);
      const signal = stopSignal();
      const line = progress();
      const recording =
        path === undefined
          ? await storedRecording(options.state, options.stream ?? '', selection, (sentence) =>
              process.stderr.write(`Note: ${sentence}\n`),
            )
          : await readRecordingOf(path, readOptionsOf(options), line);
      const { channels, frames, lost } = recording;
      const rate = recording.irregular ? 0 : recording.rate;
      const info = { channels, rate, kind: options.kind ?? recording.kind };
      let sent = 0;
      const marks$ = new Subject<RecordedMark>();
      const marked = (mark: RecordedMark) => marks$.next(mark);
      const waits = new WaitDisplay(recording, line, keyPresses());
      const waiting = (wait: ReplayWait) => waits.begin(wait);
      const { skip$ } = waits;
      const blocks: BlockSource = (ready) =>
        replay(recording, { speed, loop, skipGaps, ready, marked, waiting, skip$ });
      const events = publish(address, info, blocks, {
        marks$,
        down: outageNotice(address),
      });
      await publishing(events, signal, (event) => {
        if (event.type !== 'ack') return;
        sent = event.received;
        if (waits.active) return;
        line.show(loop ? `Replayed ${counted(sent, 'frame')}` : `Replaying ${share(sent, frames + lost)}`);
      });
      waits.end();
      line.clear();
      process.stderr.write(
        `Sent ${counted(sent, 'frame')} to ${address}${signal.aborted ? ' before it was stopped' : ''}\n`,
      );
    });
}

/** The name to publish, the address of the server, and what is read of a recorded stream. */
function planOf(path: string | undefined, options: ReplayOptions): { name: string; url: string; selection: Selection } {
  const { url = defaultServer, to, from, run, as, stream } = options;
  if (path !== undefined) {
    const wrong = Object.entries({ '--from': from, '--run': run, '--as': as }).find(([, value]) => value !== undefined);
    if (wrong)
      throw new UsageError(`${wrong[0]} requires a recorded stream. Omit it, or omit ${path} and set --stream.`);
    return { name: stream ?? streamNameOf(path), url: to ?? url, selection: {} };
  }
  if (stream === undefined)
    throw new UsageError('<input> or --stream is required: a file, or the name of a recorded stream.');
  checkStreamName(stream);
  const isTime = to !== undefined && !/^\w+:\/\//.test(to);
  const end = isTime ? endOf(to) : undefined;
  checkSpan({ from, to: end });
  const name = as ?? `${stream.slice(0, 57)}-replay`;
  return { name, url: isTime ? url : (to ?? url), selection: { from, to: end, run } };
}

function endOf(text: string): number {
  try {
    return pointInTime(text);
  } catch {
    throw new UsageError(
      `--to must be a time such as 2026-03-01T12:00:00Z or 2h, got '${text}'. Set the server with --url.`,
    );
  }
}
