import type { Workload } from '../workloads.ts';

/**
 * The frames that a peer without state must receive again at every step: those that the step's outputs depend on, newest
 * last, as [frames, channels] or, with `channelsFirst`, as [channels, frames].
 */
export class Window {
  readonly frames: number;
  readonly data: Float32Array;
  readonly #channels: number;
  readonly #channelsFirst: boolean;
  /** Frames that have arrived but are not in the window yet. The window advances when outputs are due. */
  readonly #arrived: Float32Array;
  #count = 0;

  constructor({ receptiveField, step, stride, inChannels }: Workload, channelsFirst: boolean) {
    this.frames = receptiveField + Math.max(0, step - stride);
    this.data = new Float32Array(this.frames * inChannels);
    this.#channels = inChannels;
    this.#channelsFirst = channelsFirst;
    this.#arrived = new Float32Array(Math.max(step, stride) * inChannels);
  }

  /** Adds the next frames and returns whether outputs are due. */
  push(block: Float32Array): boolean {
    this.#arrived.set(block, this.#count);
    this.#count += block.length;
    if (this.#count < this.#arrived.length) return false;
    this.#count = 0;
    const moved = this.#arrived.length / this.#channels;
    if (this.#channelsFirst) this.#moveChannels(moved);
    else this.#moveFrames();
    return true;
  }

  #moveFrames(): void {
    const { data } = this;
    const skipped = Math.max(0, this.#arrived.length - data.length);
    data.copyWithin(0, this.#arrived.length);
    data.set(
      skipped > 0 ? this.#arrived.subarray(skipped) : this.#arrived,
      data.length - this.#arrived.length + skipped,
    );
  }

  #moveChannels(moved: number): void {
    const { data, frames } = this;
    const first = Math.max(0, moved - frames);
    data.copyWithin(0, moved);
    for (let c = 0; c < this.#channels; c++) {
      const at = (c + 1) * frames - moved;
      for (let t = first; t < moved; t++) data[at + t] = this.#arrived[t * this.#channels + c];
    }
  }
}
