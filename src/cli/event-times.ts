import { type Block, frameCount, timeOf } from '../core/blocks/block.ts';
import type { TimedEvent } from '../formats/csv/csv-writer.ts';
import type { MarkMessage } from '../protocol/index.ts';

/** An event of a stream. */
type Mark = Pick<MarkMessage, 'at' | 'label' | 'frames' | 'time' | 'duration'>;

/** Number of newest blocks whose clocks are kept. */
const keptBlocks = 1024;
/** Number of newest events by which repetitions are recognized: more than a server sends again. */
const keptMarks = 64;

/**
 * Finds the times of the events of a stream. An event that has only a frame gets the time of that frame by the clock of its
 * block, so it waits until the frame arrives. Events that the server repeats after a reconnect are skipped.
 */
export class EventTimes {
  #run: number | undefined;
  #blocks: Block[] = [];
  #waiting: Mark[] = [];
  #seen: string[] = [];
  #repeated: string[] = [];

  /** Starts a subscription to a run. Returns the events that waited, if it is another run. */
  subscribed(run: number): TimedEvent[] {
    const events = run === this.#run ? [] : this.startRun(run);
    this.#repeated = [...this.#seen];
    return events;
  }

  /** Starts a run. Returns the events of the one before that waited. */
  startRun(run: number): TimedEvent[] {
    const events = this.end();
    this.#run = run;
    this.#blocks = [];
    this.#seen = [];
    this.#repeated = [];
    return events;
  }

  /** Adds a block in the numbering of the run. Returns the events whose frames have arrived. */
  block(block: Block): TimedEvent[] {
    this.#blocks.push(block);
    if (this.#blocks.length > keptBlocks) this.#blocks.shift();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.flatMap((mark) => this.#timed(mark));
  }

  /** Adds an event. Returns it if its time is known. */
  mark(mark: Mark): TimedEvent[] {
    const { at, label, frames, time, duration } = mark;
    const key = JSON.stringify([at, label, frames, time, duration]);
    const repeated = this.#repeated.indexOf(key);
    if (repeated >= 0) {
      this.#repeated.splice(repeated, 1);
      return [];
    }
    this.#seen.push(key);
    if (this.#seen.length > keptMarks) this.#seen.shift();
    return this.#timed(mark);
  }

  /** Ends the run. Returns the events that waited, with times that continue the last block. */
  end(): TimedEvent[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.flatMap((mark) => eventOf(mark, this.#blocks.at(-1)));
  }

  #timed(mark: Mark): TimedEvent[] {
    const last = this.#blocks.at(-1);
    if (!last || (mark.time === undefined && mark.at >= last.start + frameCount(last))) {
      this.#waiting.push(mark);
      return [];
    }
    return eventOf(mark, this.#blocks.findLast((block) => block.start <= mark.at) ?? this.#blocks[0]);
  }
}

/** An event with the time of its frame by the clock of `block`, unless it has its own; none if neither is known. */
function eventOf({ at, label, frames, time, duration }: Mark, block: Block | undefined): TimedEvent[] {
  const start = time ?? (block && timeOf(block, at));
  if (start === undefined) return [];
  const rate = block?.rate ?? 0;
  const length = duration ?? (frames !== undefined && rate > 0 ? (frames * 1000) / rate : undefined);
  return [{ time: start, label, ...(length !== undefined && { duration: length }) }];
}
