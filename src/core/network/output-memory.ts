/** Number of arrays per buffer, if they have the same size. */
const arraysPerBuffer = 16;
/** Maximum size of a shared buffer, in bytes. */
const maxBufferBytes = 65_536;
/**
 * Minimum and maximum size in bytes of arrays that share a buffer. JavaScript engines store smaller arrays without a
 * buffer.
 */
const [minBytes, maxBytes] = [65, maxBufferBytes / 4];
/** Number of values from which a bulk copy is faster than a loop. */
const bulkCopyThreshold = 32;

/**
 * Copies the outputs of one stream from the memory of an engine. Allocating a buffer takes about 1 µs, as long as a
 * small convolution of a block. Consecutive arrays therefore share one buffer, without overlap.
 */
export class OutputMemory {
  #buffer = new ArrayBuffer(0);
  #used = 0;
  /** View of the numbers that were copied last, which is reused: most outputs of a stream are at the same offset. */
  #source: Float32Array = new Float32Array(0);
  #sourceAt = 0;

  /** Returns a copy of `count` numbers of `f32`, from offset `at` on. The caller owns it. */
  copy(f32: Float32Array, at: number, count: number): Float32Array {
    const array = this.#allocate(count);
    if (count >= bulkCopyThreshold) array.set(this.#view(f32, at, count));
    else for (let i = 0; i < count; i++) array[i] = f32[at + i];
    return array;
  }

  #allocate(count: number): Float32Array {
    const bytes = 4 * count;
    if (bytes < minBytes || bytes > maxBytes) return new Float32Array(count);
    // the owner of an array can transfer the buffer, which leaves it empty
    if (this.#used + bytes > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(Math.min(arraysPerBuffer * bytes, maxBufferBytes));
      this.#used = 0;
    }
    const array = new Float32Array(this.#buffer, this.#used, count);
    this.#used += bytes;
    return array;
  }

  #view(f32: Float32Array, at: number, count: number): Float32Array {
    if (at !== this.#sourceAt || count !== this.#source.length || f32.buffer !== this.#source.buffer) {
      this.#source = f32.subarray(at, at + count);
      this.#sourceAt = at;
    }
    return this.#source;
  }
}
