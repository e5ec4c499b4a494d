import { Command } from '@commander-js/extra-typings';
import { fromEvent, takeUntil, takeWhile } from 'rxjs';
import { frameCount } from '../core/blocks/block.ts';
import { csvWriter } from '../formats/index.ts';
import { appendFile } from './output-file.ts';
import { checkName, defaultServer, watchAddress } from './address.ts';
import { positiveNumber } from './option-values.ts';
import type { OutputFile } from './output-file.ts';
import { progress } from './progress.ts';
import { awayNotice } from './publishing.ts';
import { recorder, type Heard } from './recorder.ts';
import { stopSignal } from './stop-signal.ts';
import { checkTargets } from './output-file.ts';
import { usageOf } from './failure.ts';

/** `tapline record STREAM -o FILE.csv`: a live stream, line by line. */
export function recordCommand(): Command<[string], { output: string; from: string; seconds?: number }> {
  return new Command('record')
    .summary('a live stream, to CSV')
    .description(
      'Record a live stream to CSV until Ctrl-C. Lines are written as they come; a file that is there is gone on with.',
    )
    .argument('<stream>', "the stream's name")
    .requiredOption('-o, --output <file>', 'the CSV file')
    .option('--from <address>', 'the server', defaultServer)
    .option('--seconds <s>', 'stop after so many seconds of the stream', positiveNumber('seconds'))
    .addHelpText('after', '\nExample:\n  tapline record headset -o headset.csv --seconds 60')
    .action(async (stream, { output, from, seconds = Infinity }) => {
      const address = watchAddress(from);
      checkTargets([output]);
      const tape = new Tape(checkName(stream), output, seconds);
      const stop = fromEvent(stopSignal(), 'abort');
      try {
        await new Promise<void>((resolve, reject) => {
          recorder(address, stream, awayNotice(address))
            .pipe(
              takeWhile((heard) => tape.hear(heard)),
              takeUntil(stop),
            )
            .subscribe({ error: (error: unknown) => reject(usageOf(error)), complete: resolve });
        });
      } finally {
        tape.close();
      }
    });
}

/** Writes what is heard; `hear` says whether more is wanted. */
class Tape {
  readonly #stream: string;
  readonly #path: string;
  readonly #seconds: number;
  readonly #line = progress();
  #file: OutputFile | undefined;
  #writer = csvWriter([]);
  #left = Infinity;
  #frames = 0;
  #lost = 0;
  #waiting = false;
  #begun = false;

  constructor(stream: string, path: string, seconds: number) {
    this.#stream = stream;
    this.#path = path;
    this.#seconds = seconds;
  }

  hear(heard: Heard): boolean {
    if (heard.type === 'waiting') this.#wait(heard.streams);
    else if (heard.type === 'subscribed') this.#begin();
    else if (heard.type === 'dropped') this.#lost += heard.count;
    else if (heard.type === 'found') {
      const { channels, rate } = heard.stream;
      this.#writer = csvWriter(channels);
      this.#file = appendFile(this.#path, this.#writer.header());
      if (this.#seconds < Infinity) this.#left = Math.ceil(this.#seconds * (rate || 1));
    } else {
      const { block } = heard;
      const count = Math.min(frameCount(block), this.#left);
      this.#file?.write(this.#writer.rows({ ...block, data: block.data.subarray(0, count * block.channels) }));
      this.#frames += count;
      this.#left -= count;
      this.#line.show(`${this.#frames} frames of ${this.#stream}`);
    }
    return this.#left > 0;
  }

  close(): void {
    this.#file?.close();
    this.#line.clear();
    if (!this.#file) return;
    const lost = this.#lost > 0 ? `; ${this.#lost} were left out because this computer was too slow` : '';
    process.stderr.write(`${this.#frames} frames of ${this.#stream} to ${this.#path}${lost}\n`);
  }

  #begin(): void {
    if (!this.#begun) process.stderr.write(`recording ${this.#stream} to ${this.#path}; Ctrl-C stops\n`);
    this.#begun = true;
  }

  #wait(streams: string[]): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const there = streams.length > 0 ? `; there are ${streams.join(', ')}` : '';
    process.stderr.write(`waiting for the stream ${this.#stream}${there}\n`);
  }
}
