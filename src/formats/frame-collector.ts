import type { Block } from '../core/block.ts';
import { sampleOf } from './cell.ts';

const blockFrames = 1024;

/** Gathers rows of cells into blocks; a new block begins after 1024 frames and after each gap. */
export class FrameCollector {
  readonly blocks: Block[] = [];
  frames = 0;
  lost = 0;
  readonly #columns: readonly number[];
  readonly #rate: number;
  readonly #time: number;
  #data: Float32Array;
  #filled = 0;

  /** `columns`: which cells of a row are the channels. `time`: of frame 0, in ms. */
  constructor(columns: readonly number[], rate: number, time: number) {
    this.#columns = columns;
    this.#rate = rate;
    this.#time = time;
    this.#data = new Float32Array(blockFrames * columns.length);
  }

  /** One frame that came. */
  add(row: readonly string[]): void {
    for (const column of this.#columns) this.#data[this.#filled++] = sampleOf(row[column]);
    this.frames++;
    if (this.#filled === this.#data.length) this.cut();
  }

  /** Frames that never came. */
  skip(count: number): void {
    if (count === 0) return;
    this.cut();
    this.lost += count;
  }

  /** Ends the block at hand, if it holds anything. */
  cut(): void {
    if (this.#filled === 0) return;
    const channels = this.#columns.length;
    const start = this.frames + this.lost - this.#filled / channels;
    const time = this.#time + (start * 1000) / this.#rate;
    this.blocks.push({ data: this.#data.slice(0, this.#filled), channels, start, rate: this.#rate, time });
    this.#filled = 0;
  }
}
