import type { Block } from '../core/blocks/block.ts';

const blockFrames = 1024;

/** Gathers frames into blocks; a new block begins after 1024 frames, after each gap, and where the clock is set. */
export class FrameCollector {
  readonly blocks: Block[] = [];
  lost = 0;
  readonly #channels: number;
  readonly #rate: number;
  /** A frame, and when it was taken in ms: the clock of the block at hand. */
  #clock: { readonly frame: number; readonly time: number };
  #data: Float32Array;
  #filled = 0;
  /** Where the block at hand begins. */
  #start = 0;

  /** `time`: of frame 0, in ms. */
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

  /** Frames that came. */
  get frames(): number {
    return this.next - this.lost;
  }

  /** Whole frames that came, [frames, channels]. */
  add(samples: ArrayLike<number>): void {
    for (let i = 0; i < samples.length; i++) {
      this.#data[this.#filled++] = samples[i];
      if (this.#filled === this.#data.length) this.cut();
    }
  }

  /** Frames that never came. */
  skip(count: number): void {
    if (count === 0) return;
    this.cut();
    this.lost += count;
    this.#start += count;
  }

  /** The next frame was taken at `time` (ms): where the clock is more than `slack` ms off, a block begins that keeps it. */
  setClock(time: number, slack: number): void {
    if (Math.abs(this.#timeOf(this.next) - time) <= slack) return;
    this.cut();
    this.#clock = { frame: this.next, time };
  }

  /** Ends the block at hand, if it holds anything. */
  cut(): void {
    if (this.#filled === 0) return;
    const start = this.#start;
    const data = this.#data.slice(0, this.#filled);
    this.blocks.push({ data, channels: this.#channels, start, rate: this.#rate, time: this.#timeOf(start) });
    this.#start = this.next;
    this.#filled = 0;
  }

  #timeOf(index: number): number {
    return this.#clock.time + ((index - this.#clock.frame) * 1000) / this.#rate;
  }
}
