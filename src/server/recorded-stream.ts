import { type Block, frameCount } from '../core/blocks/block.ts';
import type { Position, RecordedEvent, RunEvent, StoredEvent, TargetsEvent } from '../store/recorded-event.ts';
import type { Recorder } from '../store/recorder.ts';
import type { Opening } from './feed-options.ts';
import type { Task } from './work-scheduler.ts';

/** The recorded events of a stream from a position on. */
export interface RecordedStream {
  /** The description of the run at the position; undefined if nothing is recorded. */
  readonly opening: Opening | undefined;
  /** Why the events cannot be those of the whole run, if so. */
  readonly problem: string | undefined;
  /** Returns the next event; undefined after the last one. Throws if a part of the recording is damaged or was not recorded. */
  next(): Task<RecordedEvent | undefined>;
  /** Closes the recording. */
  close(): void;
}

/** Reads the recording of a stream from a saved position on, or from its beginning. */
export function* readRecording(recorder: Recorder, name: string, from?: Position): Task<RecordedStream> {
  const events = recorder.read(name, from);
  const first = yield* read(events);
  // after a normal end, nothing follows the position
  const run = first?.event.type === 'run' ? first.event : from && recorder.run(name);
  const isWhole = from !== undefined || (run?.run === 0 && run.continued !== true);
  return {
    opening: run && { ...openingOf(run), run: run.number ?? run.run },
    problem: isWhole ? undefined : 'the beginning of its recording was deleted, and no state was saved since then',
    *next() {
      const stored = yield* read(events);
      if (stored?.event.type === 'lost') throw new Error(`${stored.event.count} frames were not recorded`);
      if (stored?.event.type === 'damaged') throw new Error(`${stored.event.file} is damaged`);
      return stored?.event;
    },
    close() {
      void events.return();
    },
  };
}

/** Returns the description of a stream from that of a recorded run. */
export function openingOf({ channels, rate, kind, for: targetOf, clock }: RunEvent): Opening {
  return { type: 'hello', channels, rate, kind, for: targetOf, clock };
}

/** Reads the frames of another stream that were targets. */
export async function readTargets(recorder: Recorder, { stream, run, from, count }: TargetsEvent): Promise<Block[]> {
  const blocks: Block[] = [];
  let missing = count;
  for await (const { event } of recorder.read(stream, { run, index: from })) {
    if (event.type !== 'block') continue;
    blocks.push(event.block);
    missing -= frameCount(event.block);
    if (missing <= 0) break;
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
