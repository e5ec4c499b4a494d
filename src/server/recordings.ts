import type { Block } from '../core/blocks/block.ts';
import type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
import type { RecordedEvent, RunEvent } from '../store/recorded-event.ts';
import type { Recorder } from '../store/recorder.ts';
import type { RecordingHealth } from '../protocol/watch-message.ts';
import type { FeedOutput } from './feed-output.ts';
import type { Feed, Opening } from './feed.ts';
import { addMessage, targetsMessage } from './replayed-message.ts';

/** Time in ms between two determinations of the size of all recordings. */
const sizeInterval = 5000;

/** What is recorded about a stream before its frames. */
interface Description {
  readonly run: number;
  readonly opening: Opening;
  /** Both, for comparison. */
  readonly text: string;
}

/** The recordings of the streams of a server. */
export class Recordings {
  readonly recorder: Recorder;
  readonly #now: () => number;
  readonly #report: (line: string) => void;
  /** The run and the description under which the frames of each stream are recorded. */
  readonly #described = new WeakMap<Feed, Description>();
  /** Number of lost frames of each stream that its sensor has been informed about. */
  readonly #lost = new Map<string, number>();
  /** Number of the run in the recording with which a recording begins after the last one of the stream was erased. */
  readonly #firstRun = new Map<string, number>();
  /** The run and the next frame of each feed when its recording was erased: no frame before it can be lost any more. */
  readonly #erasedTo = new WeakMap<Feed, { run: number; next: number }>();
  /** When nothing could be written for the first time since it could, in ms. */
  #since: number | undefined;
  /** Size of all recordings in bytes, and when it was determined, in ms. */
  #size = { bytes: 0, time: -Infinity };

  /**
   * @param now returns the time in ms since 1970
   * @param report called with a line about an event that could not be recorded
   */
  constructor(recorder: Recorder, now: () => number, report: (line: string) => void) {
    this.recorder = recorder;
    this.#now = now;
    this.#report = report;
  }

  /** Records an output of a feed: what it received, and what has changed its pipeline. */
  record(feed: Feed, output: FeedOutput): void {
    const event = recordable(feed, output);
    if (!event || !this.recorder.isRecorded(feed.name)) return;
    try {
      this.#describe(feed, event);
      this.recorder.record(feed.name, event);
    } catch (error) {
      // the next event starts a new run of the recording
      this.#described.delete(feed);
      this.#report(`stream ${feed.name}: could not record an event: ${String(error)}`);
    }
  }

  /** Records frames of a target stream that a recovered pipeline has received. */
  recordTargets(feed: Feed, stream: string, run: number, block: Block): void {
    this.record(feed, { type: 'targets', stream, run, block });
  }

  /** Records an event of an alarm with each of its streams: the part that concerns the stream. */
  recordAlarm(event: AlarmEvent): void {
    const { alarm } = event;
    for (const member of alarm.members)
      if (this.recorder.run(member.stream))
        this.recorder.record(member.stream, {
          type: 'alarm',
          event: { ...event, alarm: { ...alarm, members: [member] } },
        });
  }

  /** Continues the recording of a feed after all of its recorded frames have been processed again. */
  continue(feed: Feed): void {
    this.#described.set(feed, descriptionOf(feed));
  }

  /**
   * Deletes the recording of a stream. Recording continues: the next event begins a new recording.
   * @param erased called before anything is recorded in the new recording; returns the stream, if it is open
   * @returns whether there was a recording
   */
  erase(name: string, erased: () => Feed | undefined): Promise<boolean> {
    const newest = this.recorder.run(name)?.run ?? -1;
    return this.recorder.erase(name, () => {
      this.#firstRun.set(name, newest + 1);
      this.#lost.delete(name);
      const feed = erased();
      if (!feed) return;
      this.#described.delete(feed);
      this.#erasedTo.set(feed, { run: feed.run, next: feed.next });
    });
  }

  /** Index of the first frame of a feed that a kill of the server can lose. */
  durable(feed: Feed): number {
    const { name } = feed;
    const { run, next } = this.recorder.durable(name);
    const isCurrent = this.#described.has(feed) && run === this.recorder.run(name)?.run;
    const erased = this.#erasedTo.get(feed);
    const first = erased?.run === feed.run ? erased.next : 0;
    return Math.max(first, isCurrent ? Math.min(next, feed.next) : 0);
  }

  /** Returns the number of frames that were lost since the last call, after everything before the next frame is durable or lost. */
  takeLost(feed: Feed): number {
    const { name } = feed;
    const { frames } = this.recorder.lost(name);
    const before = this.#lost.get(name) ?? 0;
    if (frames === before || this.isPending(feed)) return 0;
    this.#lost.set(name, frames);
    return frames - before;
  }

  /** Whether frames of a feed become durable that are not durable yet. */
  isPending(feed: Feed): boolean {
    return this.#described.has(feed) && this.durable(feed) < feed.next;
  }

  /** Whether streams are being recorded, and why not. */
  get health(): RecordingHealth {
    const now = this.#now();
    const problem = this.recorder.obstacle;
    this.#since = problem === undefined ? undefined : (this.#since ?? now);
    // the size is the sum over all segments
    if (!(Math.abs(now - this.#size.time) < sizeInterval)) this.#size = { bytes: this.recorder.bytes, time: now };
    const { bytes } = this.#size;
    return { on: true, bytes, ...(problem !== undefined && { problem, since: this.#since }) };
  }

  /** Records the description of a feed before the first event under it. */
  #describe(feed: Feed, event: RecordedEvent): void {
    const described = this.#described.get(feed);
    if (described?.run === feed.run && described.opening === feed.opening) return;
    const description = descriptionOf(feed);
    if (described && described.text === description.text) {
      this.#described.set(feed, description);
      return;
    }
    const { recorder } = this;
    const before = recorder.run(feed.name);
    const next = indexOf(event) ?? feed.next;
    const isSameRun =
      before?.number === feed.run &&
      shapeOf(before) === shapeOf(feed.opening) &&
      recorder.accepted(feed.name).next <= next;
    const { channels, rate, kind, for: targetOf, clock } = feed.opening;
    recorder.record(feed.name, {
      type: 'run',
      run: before ? before.run + (isSameRun ? 0 : 1) : (this.#firstRun.get(feed.name) ?? 0),
      number: feed.run,
      next: isSameRun ? Math.max(next, recorder.accepted(feed.name).next) : next,
      time: this.#now(),
      channels,
      rate,
      ...(kind !== undefined && { kind }),
      ...(targetOf !== undefined && { for: targetOf }),
      ...(clock !== undefined && { clock }),
      settings: feed.pipeline.settings,
    });
    this.#described.set(feed, description);
  }
}

/** Returns the event to record for an output; undefined if the output follows from recorded events. */
function recordable(feed: Feed, output: FeedOutput): RecordedEvent | undefined {
  switch (output.type) {
    case 'raw':
      return { type: 'block', block: output.block };
    case 'gap':
      return output;
    case 'mark': {
      const { type, at, label, frames, time, duration } = output;
      return { type, at, label, frames, time, duration };
    }
    case 'message':
      return { type: 'message', at: output.at, message: output.message };
    case 'targets':
      return { type: 'message', at: feed.next, message: targetsMessage(output.stream, output.run, output.block) };
    case 'stages': {
      const message = addMessage(output.added, feed.next);
      return message && { type: 'message', at: feed.next, message };
    }
    default:
      return undefined;
  }
}

function indexOf(event: RecordedEvent): number | undefined {
  if (event.type === 'block') return event.block.start;
  return event.type === 'gap' ? event.from : undefined;
}

function descriptionOf({ run, opening }: Feed): Description {
  const { channels, rate, kind, for: targetOf, clock } = opening;
  return { run, opening, text: JSON.stringify([run, channels, rate, kind, targetOf, clock]) };
}

function shapeOf({ channels, rate }: Pick<RunEvent, 'channels' | 'rate'>): string {
  return `${channels.length} ${rate}`;
}
