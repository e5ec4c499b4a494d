import { Command } from '@commander-js/extra-typings';
import { delay, fromEvent, merge, Subject, takeUntil, takeWhile } from 'rxjs';
import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { csvWriter, type TimedEvent } from '../formats/csv/csv-writer.ts';
import { checkStreamName, defaultServer, watchAddress } from './address.ts';
import { counted } from './amounts.ts';
import { EventTimes } from './event-times.ts';
import { usageOf } from './failure.ts';
import { positiveNumber } from './options.ts';
import { appendFile, checkOutputs, type OutputFile } from './output-file.ts';
import { progress } from './progress.ts';
import { outageNotice } from './publishing.ts';
import { recorder, type RecorderEvent } from './recorder.ts';
import { stopSignal } from './stop-signal.ts';

/** Time in ms in which events are received after the last frame: they follow their frames. */
const eventDelay = 500;

/** `tapline record`: records a live stream to CSV. */
export function recordCommand(): Command<[string], { output: string; from: string; seconds?: number }> {
  return new Command('record')
    .summary('Record a live stream to CSV')
    .description(
      'Record the samples and the events of a live stream to CSV until you press Ctrl-C. Append to the file if it exists.',
    )
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
              takeUntil(merge(stop, writer.full.pipe(delay(eventDelay)))),
            )
            .subscribe({ error: (error: unknown) => reject(usageOf(error)), complete: resolve });
        });
      } finally {
        writer.close();
      }
    });
}

/** Writes the blocks and events of a recorder to a file and prints its progress. */
class StreamWriter {
  /** Emits when all frames are recorded. */
  readonly full: Subject<void> = new Subject();
  readonly #stream: string;
  readonly #path: string;
  readonly #seconds: number;
  readonly #line = progress();
  readonly #times = new EventTimes();
  #file: OutputFile | undefined;
  #writer = csvWriter([]);
  #irregular = false;
  #timer: NodeJS.Timeout | undefined;
  #remaining = Infinity;
  #frames = 0;
  #events = 0;
  readonly #dropped = { raw: 0, marks: 0 };
  /** Time of the first frame, and the end of the last one, in ms. */
  #start: number | undefined;
  #end = -Infinity;
  #waiting = false;
  #started = false;

  constructor(stream: string, path: string, seconds: number) {
    this.#stream = stream;
    this.#path = path;
    this.#seconds = seconds;
  }

  /** Returns whether to go on: false at the first block that is not to be recorded. */
  handle(event: RecorderEvent): boolean {
    switch (event.type) {
      case 'waiting':
        this.#announceWait(event.streams);
        return true;
      case 'found': {
        const { channels, rate, kind } = event.stream;
        this.#writer = csvWriter(channels, { rate, kind, events: true });
        this.#file = appendFile(this.#path, this.#writer.header());
        this.#irregular = rate === 0;
        if (this.#seconds < Infinity && rate > 0) this.#remaining = Math.ceil(this.#seconds * rate);
        return true;
      }
      case 'subscribed':
        this.#announceStart();
        if (this.#irregular) this.#stopAfter(this.#seconds);
        this.#writeEvents(this.#times.subscribed(event.run));
        return true;
      case 'run':
        this.#writeEvents(this.#times.startRun(event.run));
        return true;
      case 'mark':
        this.#writeEvents(this.#times.mark(event.mark));
        return true;
      case 'dropped':
        this.#dropped[event.what] += event.count;
        return true;
      case 'received':
        this.#start ??= event.block.time;
        this.#writeEvents(this.#times.block(event.block));
        return true;
      case 'block':
        if (this.#remaining === 0) return false;
        this.#writeBlock(event.block);
        return true;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#writeEvents(this.#times.end());
    this.#file?.close();
    this.#line.clear();
    if (!this.#file) return;
    const events = this.#events > 0 ? ` and ${counted(this.#events, 'event')}` : '';
    const { raw, marks } = this.#dropped;
    const dropped = [...(raw > 0 ? [counted(raw, 'frame')] : []), ...(marks > 0 ? [counted(marks, 'event')] : [])];
    const reason =
      dropped.length > 0
        ? `; ${dropped.join(' and ')} ${raw + marks === 1 ? 'was' : 'were'} dropped because this computer was too slow`
        : '';
    process.stderr.write(
      `Wrote ${counted(this.#frames, 'frame')}${events} of ${this.#stream} to ${this.#path}${reason}\n`,
    );
  }

  #writeBlock(block: Block): void {
    const count = Math.min(frameCount(block), this.#remaining);
    this.#file?.write(this.#writer.rows({ ...block, data: block.data.subarray(0, count * block.channels) }));
    this.#frames += count;
    this.#remaining -= count;
    this.#end = timeOf(block, block.start + count);
    this.#line.show(`Recorded ${counted(this.#frames, 'frame')} of ${this.#stream}`);
    if (this.#remaining === 0) this.full.next();
  }

  /** Writes events. Those that ended before the recording, or start after all of its frames, are not part of it. */
  #writeEvents(events: readonly TimedEvent[]): void {
    for (const event of events) {
      const isBefore = event.time + (event.duration ?? 0) < (this.#start ?? -Infinity);
      const isAfter = this.#remaining === 0 && event.time > this.#end;
      if (isBefore || isAfter) continue;
      this.#file?.write(this.#writer.event(event));
      this.#events++;
    }
  }

  /** Stops the recording of an irregular stream, whose number of frames is unknown. */
  #stopAfter(seconds: number): void {
    if (seconds === Infinity || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#remaining = 0;
      this.full.next();
    }, seconds * 1000);
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
