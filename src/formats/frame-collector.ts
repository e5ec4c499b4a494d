import type { Block } from '../core/blocks/block.ts';
import type { Recording } from './recording.ts';

const blockFrames = 1024;

/** Collects frames into blocks. A new block starts after 1024 frames, after each gap, and when the clock is set. */
export class FrameCollector {
  readonly #blocks: Block[] = [];
  #lost = 0;
  /** Indexes of the first frames of segments after the first one. */
  readonly #segments: number[] = [];
  readonly #channels: number;
  readonly #rate: number;
  /** A frame and its time in ms: the clock of the current block. */
  #clock: { readonly frame: number; readonly time: number };
  #data: Float32Array;
  #filled = 0;
  /** Index of the first frame of the current block. */
  #start = 0;

  /** @param time time of frame 0 in ms */
  constructor(channels: number, rate: number, time: number) {
    this.#channels = channels;
    this.#rate = rate;
    this.#clock = { frame: 0, time };
    this.#data = new Float32Array(blockFrames * channels);
  }

  /** The index of the next frame. */
  get next(): number {
    return this.#start + this.#filled / this.#channels;
  }

  /** Frames that were added. */
  get frames(): number {
    return this.next - this.#lost - this.#segments.length;
  }

  /** Adds complete frames, [frames, channels]. */
  add(samples: ArrayLike<number>): void {
    for (let i = 0; i < samples.length; i++) {
      this.#data[this.#filled++] = samples[i];
      if (this.#filled === this.#data.length) this.#endBlock();
    }
  }

  /** Skips missing frames. */
  skip(count: number): void {
    if (count === 0) return;
    this.#endBlock();
    this.#lost += count;
    this.#start += count;
  }

  /** Skips one index and starts a segment at `time` in ms. */
  startSegment(time: number): void {
    this.#endBlock();
    this.#start += 1;
    this.#segments.push(this.#start);
    this.#clock = { frame: this.#start, time };
  }

  /** Sets the time of the next frame in ms. Starts a new block if the clock differs by more than `tolerance` ms. */
  setClock(time: number, tolerance: number): void {
    if (Math.abs(this.#timeOf(this.next) - time) <= tolerance) return;
    this.#endBlock();
    this.#clock = { frame: this.next, time };
  }

  /** Ends the last block, and returns what a recording contains of the frames. */
  end(): Pick<Recording, 'blocks' | 'frames' | 'lost' | 'segments'> {
    this.#endBlock();
    return {
      blocks: this.#blocks,
      frames: this.frames,
      lost: this.#lost,
      ...(this.#segments.length > 0 && { segments: this.#segments }),
    };
  }

  #endBlock(): void {
    if (this.#filled === 0) return;
    const start = this.#start;
    const data = this.#data.slice(0, this.#filled);
    this.#blocks.push({ data, channels: this.#channels, start, rate: this.#rate, time: this.#timeOf(start) });
    this.#start = this.next;
    this.#filled = 0;
  }

  #timeOf(index: number): number {
    return this.#clock.time + ((index - this.#clock.frame) * 1000) / this.#rate;
  }
}

/** The index of the frame next to a time in ms, also before the first frame and after the last one. */
export function frameNextTo(blocks: readonly Block[], rate: number, time: number): number {
  const after = blocks.findIndex((block) => block.time > time);
  const block = blocks.at(after < 0 ? -1 : Math.max(0, after - 1));
  return block ? block.start + Math.round(((time - block.time) * rate) / 1000) : 0;
}
