import { Observable } from 'rxjs';
import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';
import { integer, invalid } from '../core/check.ts';
import type { RecordedMark, Recording } from '../formats/recording.ts';
import { systemClock, type Clock } from './clock.ts';
import { ReplaySchedule } from './replay-schedule.ts';

/** Options of `replay`. */
export interface ReplayOptions {
  /** Playback speed; Infinity = as fast as possible. Default: 1. */
  readonly speed?: number;
  /** Restart at the end of the recording, indefinitely; indexes and times continue. Default: false. */
  readonly loop?: boolean;
  /** Maximum number of frames per block. Default: the frames of 40 ms; 256 at speed Infinity. */
  readonly blockFrames?: number;
  /**
   * Times of the blocks: from now on ('live', the default) or as recorded ('recorded'). At any speed, the differences
   * between times are those of the recording, so that the output can be recorded again.
   */
  readonly times?: 'live' | 'recorded';
  /** Skip pauses of more than 5 s at the playback speed, in which the recording has no frames. Default: false. */
  readonly skipGaps?: boolean;
  /** Called before the replay waits for more than 5 s. */
  readonly waiting?: (wait: ReplayWait) => void;
  /** Skips the rest of such a wait when it emits; subscribed to during the wait. */
  readonly skip$?: Observable<unknown>;
  /** Awaited before each block. */
  readonly ready?: () => Promise<unknown>;
  /**
   * Called with each mark of the recording after the block that contains its first frame. Its time is that of the blocks; in
   * a loop, `at` and `time` continue.
   */
  readonly marked?: (mark: RecordedMark) => void;
  /** Clock that times the blocks. Default: the system clock. */
  readonly clock?: Clock;
}

/** A wait of more than 5 s. */
export interface ReplayWait {
  /** Duration in ms. */
  readonly ms: number;
  /** Time in the recording at which it continues, in ms since 1970. */
  readonly until: number;
}

/** Longest wait in ms that is not announced, and longest pause that is not skipped. */
const longWait = 5000;
/** Longest time in ms for which a replay at speed Infinity blocks the event loop. */
const yieldInterval = 8;

/**
 * Replays a recording as a live stream. Gaps keep their length in time and in `start`; irregular times stay irregular. After
 * a pause that was skipped, blocks continue at the current time; `start` still counts its frames.
 *
 *     recording  |0 … 9|10 … 19|    |30 … 39|
 *     replay     -----b(0)--b(10)---------b(30)|     each when its last frame is due
 *
 * Blocks are copies that the subscriber owns. A mark in a gap is reported after the gap, one after the last frame at the
 * end, and one before frame 0 is skipped. Completes at the end, immediately if there are no frames. Errors if `ready`
 * rejects.
 * @throws RangeError if `speed` is not > 0
 */
export function replay(recording: Recording, options: ReplayOptions = {}): Observable<Block> {
  const { speed = 1, loop = false, clock = systemClock, ready, marked, skipGaps = false, waiting, skip$ } = options;
  if (!(speed > 0)) throw invalid('speed', 'a number > 0', speed);
  const defaultFrames = speed < Infinity ? Math.max(1, Math.round(0.04 * recording.rate * speed)) : 256;
  const blockFrames = recording.irregular ? 1 : integer('blockFrames', options.blockFrames ?? defaultFrames, 1);
  const live = (options.times ?? 'live') === 'live';

  return new Observable((subscriber) => {
    let wake = () => {};
    let yielded = clock.now();
    /** Waits until no time remains, and lets other tasks run at times. */
    const pauseUntil = async (remaining: () => number) => {
      while (!subscriber.closed && (remaining() > 0 || clock.now() - yielded >= yieldInterval)) {
        await new Promise<void>((resolve) => {
          const cancel = clock.after(Math.max(0, remaining()), resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
        yielded = clock.now();
      }
    };

    /** Waits until the time `since` of the recording is due, or until the rest of a long wait is skipped. */
    const waitFor = async (schedule: ReplaySchedule, since: number, until: number) => {
      const ms = schedule.remaining(since);
      if (!(ms > longWait)) return pauseUntil(() => schedule.remaining(since));
      waiting?.({ ms, until });
      const skipping = skip$?.subscribe(() => {
        schedule.skip(Math.max(0, schedule.remaining(since)));
        wake();
      });
      await pauseUntil(() => schedule.remaining(since));
      skipping?.unsubscribe();
    };

    const play = async () => {
      const schedule = new ReplaySchedule(clock, speed);
      const first = recording.blocks.at(0)?.time ?? 0;
      let end = first;
      for (const { block, marks, recorded } of parts(recording, blockFrames, loop)) {
        const duration = (frameCount(block) * 1000) / recording.rate;
        const pause = (block.time - end) / speed;
        if (skipGaps && pause > longWait) schedule.skip(pause);
        end = block.time + duration;
        await waitFor(schedule, end - first, recorded + duration);
        if (!subscriber.closed && ready) await ready();
        if (subscriber.closed) return;
        schedule.catchUp(end - first);
        const played = (time: number) => (live ? schedule.timeAt(time - first) : time);
        subscriber.next({ ...block, time: played(block.time) });
        if (subscriber.closed) return;
        if (marked) for (const mark of marks) marked({ ...mark, time: played(mark.time) });
      }
      subscriber.complete();
    };
    play().catch((error: unknown) => subscriber.error(error));
    return () => wake();
  });
}

/** A block and the marks from after the previous block to its last frame. */
interface Part {
  readonly block: Block;
  readonly marks: readonly RecordedMark[];
  /** Time of its first frame in the recording in ms. */
  readonly recorded: number;
}

/** Yields the blocks of a recording in order, of at most `blockFrames` frames; with `loop`, indefinitely. */
function* parts(recording: Recording, blockFrames: number, loop: boolean): Generator<Part> {
  const { blocks, rate, irregular } = recording;
  const last = blocks.at(-1);
  if (!last) return;
  const marks = (recording.marks ?? []).filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at);
  const end = last.start + frameCount(last);
  const duration = timeOf(last, end) - blocks[0].time;
  for (let [offset, later] = [0, 0]; ; offset += end - blocks[0].start, later += duration) {
    let reported = 0;
    const marksBefore = (frame: number) => {
      const from = reported;
      while (reported < marks.length && marks[reported].at < frame) reported++;
      return marks.slice(from, reported).map((mark) => ({ ...mark, at: mark.at + offset, time: mark.time + later }));
    };
    for (const { data, channels, start, time, valid } of blocks) {
      const frames = data.length / channels;
      for (let from = 0; from < frames; from += blockFrames) {
        const to = Math.min(frames, from + blockFrames);
        const block = {
          data: data.slice(from * channels, to * channels),
          channels,
          start: start + offset + from,
          rate: irregular ? 0 : rate,
          time: time + later + (from * 1000) / rate,
          ...(valid && { valid: valid.slice(from, to) }),
        };
        yield {
          block,
          marks: marksBefore(start + to < end ? start + to : Infinity),
          recorded: time + (from * 1000) / rate,
        };
      }
    }
    if (!loop) return;
  }
}
