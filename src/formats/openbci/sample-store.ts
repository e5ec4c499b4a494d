/** Frames whose samples are stored together. */
const storedFrames = 4096;

/** Samples of frames, [frames, channels], in memory that grows. */
export class SampleStore {
  readonly #channels: number;
  readonly #chunks: Float32Array[] = [];
  #frames = 0;

  constructor(channels: number) {
    this.#channels = channels;
  }

  /** Adds one frame. */
  add(samples: readonly number[]): void {
    const at = this.#frames++ % storedFrames;
    if (at === 0) this.#chunks.push(new Float32Array(storedFrames * this.#channels));
    this.#chunks[this.#chunks.length - 1].set(samples, at * this.#channels);
  }

  /** The samples of one frame. */
  frame(index: number): Float32Array {
    const at = (index % storedFrames) * this.#channels;
    return this.#chunks[Math.floor(index / storedFrames)].subarray(at, at + this.#channels);
  }
}
