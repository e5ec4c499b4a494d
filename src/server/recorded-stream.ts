import type { Block } from '../core/blocks/block.ts';
import type { RecordedEvent, Position, StoredEvent } from '../store/recorded-event.ts';
import type { Recorder } from '../store/recorder.ts';
import type { Opening } from './feed-options.ts';
import type { Task } from './work-scheduler.ts';

/** The recorded events of a stream from a position on. */
export interface RecordedStream {
  /** The description of the run at the position; undefined if nothing is recorded. */
  readonly opening: Opening | undefined;
  /** Identifies the settings of the run; undefined if they are not recorded. */
  readonly settings: string | undefined;
  /** Why the events cannot be those of the whole run, if so. */
  readonly problem: string | undefined;
  /** Returns the next event; undefined after the last one. Throws if a part of the recording is damaged or was not recorded. */
  next(): Task<RecordedEvent | undefined>;
  /** Closes the recording. */
  close(): void;
}

/** Reads the recording of a stream from a saved position on, or from its beginning. */
export function* readRecording(
  recorder: Recorder,
  name: string,
  saved?: { readonly position?: Position | undefined; readonly run: number },
): Task<RecordedStream> {
  const from = saved?.position;
  const events = recorder.read(name, from);
  const first = checked(yield* read(events));
  // after a normal end, nothing follows the position
  const run = first?.event.type === 'run' ? first.event : from && recorder.run(name);
  const number = run && (run.number ?? run.run);
  // the saved run has ended at the position: it is continued, and then the next one begins
  const begins = from !== undefined && first?.event.type === 'run' && number !== saved?.run;
  let waiting = begins ? first : undefined;
  const opening: Opening | undefined = run && {
    type: 'hello',
    channels: run.channels,
    rate: run.rate,
    kind: run.kind,
    for: run.for,
    clock: run.clock,
    run: begins ? saved?.run : number,
  };
  const isFirst = run?.run === 0 && first?.index === run.next;
  const isWhole = from !== undefined || isFirst;
  return {
    opening,
    settings: run?.settings,
    problem: isWhole ? undefined : 'the beginning of its recording was deleted, and no state was saved since then',
    *next() {
      const stored = waiting ?? checked(yield* read(events));
      waiting = undefined;
      return stored?.event as RecordedEvent | undefined;
    },
    close() {
      void events.return();
    },
  };
}

/** Throws if a part of a recording is missing. */
function checked(stored: StoredEvent | undefined): StoredEvent | undefined {
  if (stored?.event.type === 'lost') {
    const { count, events, reason } = stored.event;
    throw new Error(`${count} frames and ${events} other events were not recorded (${reason})`);
  }
  if (stored?.event.type === 'damaged') throw new Error(`${stored.event.file} is damaged or was deleted`);
  return stored;
}

/** Reads the recorded frames of a run from an index on, if the run is the newest one of the stream. */
export function* readFrames(recorder: Recorder, stream: string, run: number, from: number): Task<Block[]> {
  const newest = recorder.run(stream);
  if (newest?.number !== run || recorder.accepted(stream).next <= from) return [];
  let blocks: Block[] = [];
  yield framesOf(recorder, stream, newest.run, from).then((read) => {
    blocks = read;
  });
  return blocks;
}

/** @param run position of the run in the recording */
async function framesOf(recorder: Recorder, stream: string, run: number, from: number): Promise<Block[]> {
  const blocks: Block[] = [];
  for await (const { event, run: readRun } of recorder.read(stream, { run, index: from })) {
    if (event.type !== 'block') continue;
    if (readRun !== run) break;
    blocks.push(event.block);
  }
  return blocks;
}

function* read(events: AsyncGenerator<StoredEvent, void>): Task<StoredEvent | undefined> {
  let stored: StoredEvent | undefined;
  let error: Error | undefined;
  yield events.next().then(
    ({ value }) => {
      stored = value ?? undefined;
    },
    (reason: unknown) => {
      error = reason instanceof Error ? reason : new Error(String(reason));
    },
  );
  if (error) throw error;
  return stored;
}
