import { Command } from '@commander-js/extra-typings';
import { fromEvent, map as mapEach, type Observable, take, takeUntil, takeWhile } from 'rxjs';
import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';
import { csvWriter, shortest } from '../formats/csv/csv-writer.ts';
import type { StreamInfo } from '../protocol/index.ts';
import { checkStreamName, defaultServer, watchAddress } from './address.ts';
import { alarmRows } from './alarm-rows.ts';
import { counted } from './amounts.ts';
import { EventTimes } from './event-times.ts';
import { UsageError, usageOf } from './failure.ts';
import { featureRows } from './feature-rows.ts';
import { integerFrom } from './options.ts';
import { logStatus, outageNotice } from './publishing.ts';
import { recorder, type RecorderEvent } from './recorder.ts';
import { stopSignal } from './stop-signal.ts';

type TailOptions = {
  from: string;
  features?: true;
  map?: string;
  alarms?: true;
  json?: true;
  frames?: number;
};

/** `tapline tail`: prints the frames and the events of a live stream, the rows of a feature map, or alarm changes. */
export function tailCommand(): Command<[string | undefined], TailOptions> {
  return new Command('tail')
    .summary('Print the frames and events of a live stream, its feature maps, or alarms')
    .description(
      'Print the samples and events of a live stream as CSV until you press Ctrl-C. With --features, print a feature map. With --alarms, print alarm changes.',
    )
    .argument('[stream]', 'Stream name; optional with --alarms (default: all streams)')
    .option('--from <url>', 'Server address', defaultServer)
    .option('--features', 'Print the rows of a feature map instead of samples')
    .option('--map <name>', 'Name of the feature map for --features (default: the first one)')
    .option('--alarms', 'Print alarm changes instead of samples')
    .option(
      '--json',
      'Print one JSON object per line for each frame, event, row, or alarm change; missing samples are null',
    )
    .option(
      '-n, --frames <count>',
      'Stop after this many frames, rows, or alarm changes',
      integerFrom(1, Number.MAX_SAFE_INTEGER),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  tapline tail headset --json\n  tapline tail headset --features\n  tapline tail --alarms',
    )
    .action(async (stream, options) => {
      if (options.alarms && options.features) throw new UsageError('--alarms and --features cannot be combined');
      if (options.map !== undefined && !options.features) throw new UsageError('--map requires --features');
      if (stream === undefined && !options.alarms)
        throw new UsageError('the name of a stream is required without --alarms');
      const name = stream === undefined ? undefined : checkStreamName(stream);
      await print(textOf(name, options).pipe(takeUntil(fromEvent(stopSignal(), 'abort'))));
    });
}

/** The text to print, piece by piece. */
function textOf(stream: string | undefined, options: TailOptions): Observable<string> {
  const { features, map, alarms, json = false, frames = Infinity } = options;
  const address = watchAddress(options.from);
  const down = outageNotice(address);
  if (alarms) {
    const begun = () => {
      process.stderr.write(`Printing the alarms of ${stream ?? 'all streams'}. Press Ctrl-C to stop.\n`);
    };
    return alarmRows(address, { stream, json, down, begun }).pipe(take(frames));
  }
  const name = stream ?? '';
  if (features) return featureRows(address, { stream: name, map, json, down, note: logStatus }).pipe(take(frames));
  const printer = new Printer(name, json, frames);
  return recorder(address, name, down).pipe(
    mapEach((event) => printer.textOf(event)),
    takeWhile(() => !printer.isDone, true),
  );
}

/** Prints text until it ends. */
function print(text: Observable<string>): Promise<void> {
  return new Promise((resolve, reject) => {
    text.subscribe({
      next: (piece) => void process.stdout.write(piece),
      error: (error: unknown) => reject(usageOf(error)),
      complete: resolve,
    });
  });
}

/** Converts the events of a stream to text. */
class Printer {
  readonly #stream: string;
  readonly #json: boolean;
  readonly #times = new EventTimes();
  #remaining: number;
  #writer = csvWriter([]);
  #run = -1;
  /** Index of the next frame of the run. */
  #next = 0;
  #isWaiting = false;

  constructor(stream: string, json: boolean, frames: number) {
    this.#stream = stream;
    this.#json = json;
    this.#remaining = frames;
  }

  /** Whether all frames are printed. */
  get isDone(): boolean {
    return this.#remaining === 0;
  }

  textOf(event: RecorderEvent): string {
    if (this.isDone) return '';
    switch (event.type) {
      case 'waiting':
        this.#announceWait(event.streams);
        return '';
      case 'found':
        return this.#begin(event.stream);
      case 'subscribed':
        this.#beginRun(event.run);
        return this.#events(this.#times.subscribed(event.run));
      case 'run':
        this.#beginRun(event.run);
        return this.#events(this.#times.startRun(event.run));
      case 'mark':
        return this.#events(this.#times.mark(event.mark));
      case 'dropped':
        process.stderr.write(
          `${counted(event.count, event.what === 'raw' ? 'frame' : 'event')} dropped: this computer is too slow\n`,
        );
        return '';
      case 'received':
        return this.#frames(event.block) + this.#events(this.#times.block(event.block));
      case 'block':
        return '';
    }
  }

  #beginRun(run: number): void {
    if (run !== this.#run) this.#next = 0;
    this.#run = run;
  }

  #begin({ channels, rate, kind }: StreamInfo): string {
    this.#writer = csvWriter(channels, { rate, kind, events: true });
    return this.#json ? '' : this.#writer.header();
  }

  #frames(received: Block): string {
    // the server repeats frames after a reconnect
    const block = cutBlock(received, Math.max(received.start, this.#next), this.#remaining);
    const { data, channels, start } = block;
    const count = frameCount(block);
    if (count === 0) return '';
    this.#remaining -= count;
    this.#next = start + count;
    if (!this.#json) return this.#writer.rows(block);
    let text = '';
    for (let frame = 0; frame < count; frame++) {
      const samples = Array.from(data.subarray(frame * channels, (frame + 1) * channels), (x) => Number(shortest(x)));
      const index = start + frame;
      text += `${JSON.stringify({ type: 'frame', run: this.#run, index, time: timeOf(block, index), samples })}\n`;
    }
    return text;
  }

  #events(events: ReturnType<EventTimes['end']>): string {
    const lines = events.map((event) =>
      this.#json ? `${JSON.stringify({ type: 'event', run: this.#run, ...event })}\n` : this.#writer.event(event),
    );
    return lines.join('');
  }

  #announceWait(streams: readonly string[]): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const available = streams.length > 0 ? ` Available streams: ${streams.join(', ')}.` : '';
    process.stderr.write(`Waiting for stream ${this.#stream}.${available}\n`);
  }
}
