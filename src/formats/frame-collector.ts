import type { Block } from '../core/block.ts';

const blockFrames = 1024;

/** Gathers frames into blocks; a new block begins after 1024 frames and after each gap. */
export class FrameCollector {
  readonly blocks: Block[] = [];
  lost = 0;
  readonly #channels: number;
  readonly #rate: number;
  readonly #time: number;
  #data: Float32Array;
  #filled = 0;
  /** Where the block at hand begins. */
  #start = 0;

  /** `time`: of frame 0, in ms. */
  constructor(channels: number, rate: number, time: number) {
    this.#channels = channels;
    this.#rate = rate;
    this.#time = time;
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

  /** Ends the block at hand, if it holds anything. */
  cut(): void {
    if (this.#filled === 0) return;
    const start = this.#start;
    const time = this.#time + (start * 1000) / this.#rate;
    const data = this.#data.slice(0, this.#filled);
    this.blocks.push({ data, channels: this.#channels, start, rate: this.#rate, time });
    this.#start = this.next;
    this.#filled = 0;
  }
}
