import type { Block } from '../../core/blocks/block.ts';
import type { TimedEvent } from '../../formats/csv/csv-writer.ts';
import { EventTimes } from '../event-times.ts';
import type { StoredPart } from '../stored-stream.ts';

/** The content of a table: frames, and events with their own time. */
export type TimedRows =
  | { readonly type: 'frames'; readonly block: Block; readonly run: number }
  | { readonly type: 'event'; readonly event: TimedEvent; readonly run: number };

/** Returns the frames and the events of a recording, in order. Events that have only a frame get its time. */
export async function* timedRows(parts: AsyncIterable<StoredPart>): AsyncGenerator<TimedRows, void> {
  const times = new EventTimes();
  let run = 0;
  const rows = (events: readonly TimedEvent[]) => events.map((event): TimedRows => ({ type: 'event', event, run }));
  for await (const part of parts) {
    if (part.type === 'run') {
      if ((part.number ?? part.run) !== run) yield* rows(times.startRun(part.run));
      run = part.number ?? part.run;
    } else if (part.type === 'mark') yield* rows(times.mark(part));
    else if (part.type === 'block') {
      yield { type: 'frames', block: part.block, run };
      yield* rows(times.block(part.block));
    }
  }
  yield* rows(times.end());
}
