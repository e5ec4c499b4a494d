import { Observable } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { frameCount, timeOf } from '../core/blocks/block.ts';
import { integer, invalid } from '../core/check.ts';
import type { RecordedMark, Recording } from '../formats/recording.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';

export interface ReplayOptions {
  /** How many times as fast as it was taken; Infinity: as fast as it goes. Default 1. */
  readonly speed?: number;
  /** Begin again at the end, for ever; indexes and times go on. Default false. */
  readonly loop?: boolean;
  /** Frames a block at most. Default: what comes in 40 ms; 256 at speed Infinity. */
  readonly blockFrames?: number;
  /** Which times blocks carry: their own, from now on ('live', the default) or as they were ('recorded'). At any speed
   *  they run as the recording's clock did, so that what comes out can be recorded again. */
  readonly times?: 'live' | 'recorded';
  /** Asked before each block: the next one waits until it resolves. */
  readonly ready?: () => Promise<unknown>;
  /** Told the recording's marks, each behind the block that its first frame is in; `at` goes on in a loop as blocks do. */
  readonly marked?: (mark: RecordedMark) => void;
  readonly clock?: Clock;
}

/** Behind by more than this many ms (a machine that slept), a replay goes on from where it is rather than catch up. */
const maxLateness = 5000;
/** At speed Infinity the event loop has its turn at least this often, in ms. */
const yieldInterval = 8;

/**
 * Plays a recording as if it came from a sensor now; gaps last as long as they did, and stay jumps of `start`. Uneven
 * times stay as uneven.
 *
 *     recording  |0 … 9|10 … 19|    |30 … 39|
 *     replay     -----b(0)--b(10)---------b(30)|     each when its last frame is due
 *
 * Blocks are copies: they belong to the subscriber. A mark in a gap is told behind the gap, one behind the last frame at
 * the end, and one before frame 0 not at all. Completes at the end, at once where there are no frames. An error of
 * `ready` is its error. Throws at once on a speed that is not > 0.
 */
export function replay(recording: Recording, options: ReplayOptions = {}): Observable<Block> {
  const { speed = 1, loop = false, clock = systemClock, ready, marked } = options;
  if (!(speed > 0)) throw invalid('speed', 'a number > 0', speed);
  const usual = speed < Infinity ? Math.max(1, Math.round(0.04 * recording.rate * speed)) : 256;
  const blockFrames = integer('blockFrames', options.blockFrames ?? usual, 1);
  const live = (options.times ?? 'live') === 'live';

  return new Observable((subscriber) => {
    let wake = () => {};
    const pause = (ms: number) =>
      new Promise<void>((resolve) => {
        const cancel = clock.after(ms, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });

    const play = async () => {
      let begin = clock.now();
      let breathed = begin;
      const first = recording.blocks.at(0)?.time ?? 0;
      for (const { block, marks } of parts(recording, blockFrames, loop)) {
        const since = block.time - first;
        const due = (since + (frameCount(block) * 1000) / recording.rate) / speed;
        while (!subscriber.closed && (clock.now() < begin + due || clock.now() - breathed >= yieldInterval)) {
          await pause(Math.max(0, begin + due - clock.now()));
          breathed = clock.now();
        }
        if (!subscriber.closed && ready) await ready();
        if (subscriber.closed) return;
        const late = clock.now() - begin - due;
        if (speed < Infinity && late > maxLateness) begin += late;
        const time = live ? begin + since : block.time;
        subscriber.next({ ...block, time });
        if (subscriber.closed) return;
        if (marked) marks.forEach(marked);
      }
      subscriber.complete();
    };
    play().catch((error: unknown) => subscriber.error(error));
    return () => wake();
  });
}

/** A block, and the marks from behind the block before it to its last frame. */
interface Part {
  readonly block: Block;
  readonly marks: readonly RecordedMark[];
}

/** The blocks of a recording in order, none longer than `blockFrames`; with `loop` again and again behind the last. */
function* parts(recording: Recording, blockFrames: number, loop: boolean): Generator<Part> {
  const { blocks, rate } = recording;
  const last = blocks.at(-1);
  if (!last) return;
  const marks = (recording.marks ?? []).filter(({ at }) => at >= 0);
  const end = last.start + frameCount(last);
  const turn = timeOf(last, end) - blocks[0].time;
  for (let [offset, later] = [0, 0]; ; offset += end - blocks[0].start, later += turn) {
    let told = 0;
    const marksBefore = (frame: number) => {
      const from = told;
      while (told < marks.length && marks[told].at < frame) told++;
      return marks.slice(from, told).map((mark) => ({ ...mark, at: mark.at + offset }));
    };
    for (const { data, channels, start, time, valid } of blocks) {
      const frames = data.length / channels;
      for (let from = 0; from < frames; from += blockFrames) {
        const to = Math.min(frames, from + blockFrames);
        const block = {
          data: data.slice(from * channels, to * channels),
          channels,
          start: start + offset + from,
          rate,
          time: time + later + (from * 1000) / rate,
          ...(valid && { valid: valid.slice(from, to) }),
        };
        yield { block, marks: marksBefore(start + to < end ? start + to : Infinity) };
      }
    }
    if (!loop) return;
  }
}
