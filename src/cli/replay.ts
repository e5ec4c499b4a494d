import { Command } from '@commander-js/extra-typings';
import { Subject } from 'rxjs';
import type { RecordedMark } from '../formats/index.ts';
import { type BlockSource, publish, replay, type ReplayWait } from '../sources/index.ts';
import { defaultServer, ingestAddress, streamNameOf } from './address.ts';
import { counted, share } from './amounts.ts';
import { keyPresses } from './key-press.ts';
import { playbackSpeed } from './options.ts';
import { progress } from './progress.ts';
import { outageNotice, publishing } from './publishing.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { type ReadingValues, readOptionsOf, withReadingOptions } from './reading-options.ts';
import { WaitDisplay } from './replay-wait.ts';
import { stopSignal } from './stop-signal.ts';

type ReplayOptions = ReadingValues & {
  to?: string;
  url?: string;
  from?: number;
  state: string;
  as?: string;
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
    .description('Replay a recording, including its events, as a live stream.')
    .argument('<input>', `Recording: ${recordingFormats}`)
    .option('--to <url>', 'Server address, or the address of its /ingest/<stream>', defaultServer)
    .option('--stream <name>', 'Stream name (default: the file name)')
    .option('--speed <factor>', 'Playback speed as a multiple of real time, or max', playbackSpeed, 1)
    .option('--loop', 'Start over at the end of the recording')
    .option('--skip-gaps', 'Skip pauses of more than 5 seconds (default: wait, or press any key to skip)')
    .option('--kind <kind>', 'Kind of signal, such as eeg (default: from the recording)');
  return withReadingOptions(command)
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline replay recording.txt --to ws://127.0.0.1:8080 --speed 4`)
    .action(async (path, options) => {
      const address = ingestAddress(options.to, options.stream ?? streamNameOf(path));
      const signal = stopSignal();
      const line = progress();
      const { speed, loop, skipGaps } = options;
      const recording = await readRecordingOf(path, readOptionsOf(options), line);
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
