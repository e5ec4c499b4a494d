import { Command } from '@commander-js/extra-typings';
import { Subject } from 'rxjs';
import { publish, replay } from '../sources/index.ts';
import type { RecordedMark } from '../sources/index.ts';
import { defaultServer, ingestAddress, nameOf } from './address.ts';
import { list, positiveNumber, speed } from './option-values.ts';
import { progress, share } from './progress.ts';
import { awayNotice, publishing } from './publishing.ts';
import { csvHelp, readRecordingOf, recordingFormats } from './read-recording.ts';
import { stopSignal } from './stop-signal.ts';

type ReplayOptions = {
  to: string;
  stream?: string;
  speed: number;
  loop?: true;
  columns?: (string | number)[];
  rate?: number;
  kind?: string;
};

/** `tapline replay FILE --to ws://…`: a recording as if it came from a sensor now. */
export function replayCommand(): Command<[string], ReplayOptions> {
  return new Command('replay')
    .summary('a recording, as if it came from a sensor now')
    .description(
      `Publish a recording, its marks too, to a server as if it came from a sensor now: ${recordingFormats}.`,
    )
    .argument('<file>', 'the recording')
    .option('--to <address>', 'the server, or its /ingest/<stream>', defaultServer)
    .option('--stream <name>', "the stream's name; default: the file's")
    .option('--speed <times>', "how many times as fast as it was taken; 'max': as fast as it goes", speed, 1)
    .option('--loop', 'begin again at the end, for ever')
    .option('--columns <list>', 'columns to take, by name or number from 1, such as 2-9', list)
    .option('--rate <hz>', 'frames a second, where the file does not tell', positiveNumber('Hz'))
    .option('--kind <kind>', "what it is a recording of, such as 'eeg'")
    .addHelpText('after', `${csvHelp}\nExample:\n  tapline replay recording.txt --to ws://127.0.0.1:8080 --speed 4`)
    .action(async (path, options) => {
      const address = ingestAddress(options.to, options.stream ?? nameOf(path));
      const signal = stopSignal();
      const line = progress();
      const { columns, speed, loop } = options;
      const recording = await readRecordingOf(path, { columns, rate: options.rate }, line);
      const { channels, rate, frames, lost } = recording;
      const info = { channels, rate, kind: options.kind ?? recording.kind };
      let sent = 0;
      const marks$ = new Subject<RecordedMark>();
      const marked = (mark: RecordedMark) => marks$.next(mark);
      const events = publish(address, info, (ready) => replay(recording, { speed, loop, ready, marked }), {
        marks$,
        down: awayNotice(address),
      });
      await publishing(events, signal, (event) => {
        if (event.type !== 'ack') return;
        sent = event.received;
        line.show(loop ? `${sent} frames` : `replaying ${share(sent, frames + lost)}`);
      });
      line.clear();
      process.stderr.write(`${sent} frames to ${address}${signal.aborted ? ', then stopped' : ''}\n`);
    });
}
