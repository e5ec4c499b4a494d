import { Command } from '@commander-js/extra-typings';
import { fromEvent, takeUntil, takeWhile } from 'rxjs';
import { frameCount } from '../core/blocks/block.ts';
import { csvWriter } from '../formats/index.ts';
import { checkStreamName, defaultServer, watchAddress } from './address.ts';
import { counted } from './amounts.ts';
import { usageOf } from './failure.ts';
import { positiveNumber } from './options.ts';
import { appendFile, checkOutputs, type OutputFile } from './output-file.ts';
import { progress } from './progress.ts';
import { outageNotice } from './publishing.ts';
import { recorder, type RecorderEvent } from './recorder.ts';
import { stopSignal } from './stop-signal.ts';

/** `tapline record`: records a live stream to CSV. */
export function recordCommand(): Command<[string], { output: string; from: string; seconds?: number }> {
  return new Command('record')
    .summary('Record a live stream to CSV')
    .description('Record a live stream to CSV until you press Ctrl-C. Append to the file if it exists.')
    .argument('<stream>', 'Stream name')
    .requiredOption('-o, --output <file>', 'CSV file to write (required)')
    .option('--from <url>', 'Server address', defaultServer)
    .option(
      '--seconds <seconds>',
      'Stop after this many seconds of the stream (default: no limit)',
      positiveNumber('seconds'),
    )
    .addHelpText('after', '\nExample:\n  tapline record headset -o headset.csv --seconds 60')
    .action(async (stream, { output, from, seconds = Infinity }) => {
      const address = watchAddress(from);
      checkOutputs([output]);
      const writer = new StreamWriter(checkStreamName(stream), output, seconds);
      const stop = fromEvent(stopSignal(), 'abort');
      try {
        await new Promise<void>((resolve, reject) => {
          recorder(address, stream, outageNotice(address))
            .pipe(
              takeWhile((event) => writer.handle(event)),
              takeUntil(stop),
            )
            .subscribe({ error: (error: unknown) => reject(usageOf(error)), complete: resolve });
        });
      } finally {
        writer.close();
      }
    });
}

/** Writes the blocks of a recorder to a file and prints its progress. */
class StreamWriter {
  readonly #stream: string;
  readonly #path: string;
  readonly #seconds: number;
  readonly #line = progress();
  #file: OutputFile | undefined;
  #writer = csvWriter([]);
  #remaining = Infinity;
  #frames = 0;
  #dropped = 0;
  #waiting = false;
  #started = false;

  constructor(stream: string, path: string, seconds: number) {
    this.#stream = stream;
    this.#path = path;
    this.#seconds = seconds;
  }

  /** Returns whether more frames are to be recorded. */
  handle(event: RecorderEvent): boolean {
    if (event.type === 'waiting') this.#announceWait(event.streams);
    else if (event.type === 'subscribed') this.#announceStart();
    else if (event.type === 'dropped') this.#dropped += event.count;
    else if (event.type === 'found') {
      const { channels, rate } = event.stream;
      this.#writer = csvWriter(channels);
      this.#file = appendFile(this.#path, this.#writer.header());
      if (this.#seconds < Infinity) this.#remaining = Math.ceil(this.#seconds * (rate || 1));
    } else {
      const { block } = event;
      const count = Math.min(frameCount(block), this.#remaining);
      this.#file?.write(this.#writer.rows({ ...block, data: block.data.subarray(0, count * block.channels) }));
      this.#frames += count;
      this.#remaining -= count;
      this.#line.show(`Recorded ${counted(this.#frames, 'frame')} of ${this.#stream}`);
    }
    return this.#remaining > 0;
  }

  close(): void {
    this.#file?.close();
    this.#line.clear();
    if (!this.#file) return;
    const dropped =
      this.#dropped > 0
        ? `; ${counted(this.#dropped, 'frame')} ${this.#dropped === 1 ? 'was' : 'were'} dropped because this computer was too slow`
        : '';
    process.stderr.write(`Wrote ${counted(this.#frames, 'frame')} of ${this.#stream} to ${this.#path}${dropped}\n`);
  }

  #announceStart(): void {
    if (!this.#started) process.stderr.write(`Recording ${this.#stream} to ${this.#path}. Press Ctrl-C to stop.\n`);
    this.#started = true;
  }

  #announceWait(streams: string[]): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const available = streams.length > 0 ? ` Available streams: ${streams.join(', ')}.` : '';
    process.stderr.write(`Waiting for stream ${this.#stream}.${available}\n`);
  }
}
