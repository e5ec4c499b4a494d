import type { AlarmBook, AlarmEvent } from '../core/alarms/alarm-book.ts';
import { reading, StreamWatch } from '../core/alarms/stream-watch.ts';
import { frameCount, type Block } from '../core/blocks/block.ts';
import type { DetectorOptions } from '../core/detector/detector.ts';
import type { State } from '../core/state/state.ts';
import { maxTime } from '../protocol/limits.ts';
import type { StreamInfo } from '../protocol/stream-info.ts';

/** Frames before a detector's first score. */
const startUpFrames = 180;

/** The watch on one feed, for one run: its first channels as they arrive. What it throws is told once, and ends it. */
export class FeedDetector {
  /** What a saved state must be of, to go on here. */
  readonly shape: string;
  readonly #detector: StreamWatch;
  readonly #channels: number;
  /** Frames that the detector has heard, in this run or before. */
  #processed = 0;
  /** Frames of the stream that make one of the detector's. */
  readonly #every: number;

  /** @param watched how many channels */
  constructor(book: AlarmBook, info: StreamInfo, watched: number, options: DetectorOptions) {
    const { name, rate, run } = info;
    const labels = info.channels.slice(0, watched).map(({ label }) => label);
    const { falseAlarms, reference } = options;
    const byTime = rate > 0 || typeof falseAlarms === 'number';
    this.#channels = labels.length;
    this.#every = reading(rate, 1).every;
    this.#detector = new StreamWatch(
      book,
      { name, labels, rate, run },
      byTime ? options : { ...options, falseAlarms: undefined },
    );
    this.shape = JSON.stringify([info.channels.slice(0, watched), rate, reference]);
  }

  /** Whether there is something to keep: a detector says nothing before it has heard so many frames. */
  get learned(): boolean {
    return this.#processed >= startUpFrames;
  }

  /** @param now when the block arrived, in ms */
  push(block: Block, now: number): AlarmEvent[] {
    this.#processed += frameCount(block) / this.#every;
    const end = block.start + frameCount(block) - 1;
    const when = (index: number) =>
      block.rate > 0 ? Math.max(-maxTime, now - ((end - index) * 1000) / block.rate) : now;
    return this.#detector.push(this.#select(block), when);
  }

  save(): State {
    return this.#detector.save();
  }

  restore(state: State): void {
    this.#detector.restore(state);
    this.#processed = startUpFrames;
  }

  /** The channels that are watched. A frame with a hole is not valid, but what is in it beside the hole is real. */
  #select(block: Block): Block {
    const { channels } = block;
    const frames = frameCount(block);
    const picked = this.#channels;
    const data = new Float32Array(frames * picked);
    const valid = block.valid?.slice();
    for (let t = 0; t < frames; t++) {
      const frame = block.data.subarray(t * channels, (t + 1) * channels);
      data.set(frame.subarray(0, picked), t * picked);
      if (valid && frame.some(Number.isNaN)) valid[t] = 1;
    }
    return { ...block, data, channels: picked, ...(valid && { valid }) };
  }
}
