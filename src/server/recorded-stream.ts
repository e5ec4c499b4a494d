import type { Block } from '../core/blocks/block.ts';
import type { RecordedEvent, Position, StoredEvent } from '../store/recorded-event.ts';
import type { Recorder } from '../store/recorder.ts';
import type { Opening } from './feed-options.ts';
import type { Task } from './work-scheduler.ts';

/** Cost in ns of passing on a block. */
const blockCost = 50_000;

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

/** Index after the recorded frames of a run; 0 if it is not the newest one of the stream. */
export function recordedEnd(recorder: Recorder, stream: string, run: number): number {
  return recorder.run(stream)?.number === run ? recorder.accepted(stream).next : 0;
}

/** Passes the recorded frames of the newest run of a stream to `handle`, from an index on, until it returns false. */
export function* readFrames(
  recorder: Recorder,
  stream: string,
  from: number,
  handle: (block: Block) => boolean,
): Task<void> {
  const { run = 0 } = recorder.run(stream) ?? {};
  const events = recorder.read(stream, { run, index: from });
  try {
    for (let stored = yield* read(events); stored?.run === run; stored = yield* read(events)) {
      if (stored.event.type === 'block' && !handle(stored.event.block)) return;
      yield blockCost;
    }
  } finally {
    void events.return();
  }
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
