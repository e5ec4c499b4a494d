/** Numbers of 64-bit precision, appended one by one. */
export class GrowingArray {
  #data = new Float64Array(1024);
  length = 0;

  push(number: number): void {
    if (this.length === this.#data.length) {
      const longer = new Float64Array(2 * this.length);
      longer.set(this.#data);
      this.#data = longer;
    }
    this.#data[this.length++] = number;
  }

  /** The numbers, [length]; they are not copied. */
  get numbers(): Float64Array {
    return this.#data.subarray(0, this.length);
  }
}
