/** Number of arrays per buffer, if they have the same size. */
const arraysPerBuffer = 16;
/** Maximum size of a shared buffer, in bytes. */
const maxBufferBytes = 65_536;
/** Sizes in bytes of the arrays that share a buffer. Smaller ones need no buffer; larger ones get their own. */
const [minBytes, maxBytes] = [65, maxBufferBytes / 4];

/**
 * Memory for the outputs of one stream. Allocating a buffer takes about a microsecond, as long as a small convolution of
 * a whole block. Consecutive arrays therefore share one buffer, but no samples.
 */
export class OutputMemory {
  #buffer = new ArrayBuffer(0);
  #used = 0;

  /** Returns an array of zeros that the caller owns. It may be a view of a larger buffer. */
  allocate(numbers: number): Float32Array {
    const bytes = 4 * numbers;
    if (bytes < minBytes || bytes > maxBytes) return new Float32Array(numbers);
    // a recipient that transfers the buffer leaves it empty
    if (this.#used + bytes > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(Math.min(arraysPerBuffer * bytes, maxBufferBytes));
      this.#used = 0;
    }
    const array = new Float32Array(this.#buffer, this.#used, numbers);
    this.#used += bytes;
    return array;
  }
}
