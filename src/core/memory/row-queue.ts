import { floatsIn, type State } from '../state/state.ts';

/** A first-in, first-out queue of rows. Its memory grows as needed and is kept. */
export class RowQueue {
  readonly width: number;
  data: Float32Array;
  /** Rows in the queue. */
  count = 0;
  #first = 0;

  constructor(width: number) {
    this.width = width;
    this.data = new Float32Array(16 * width);
  }

  /** Offset of the oldest row in `data`. */
  get at(): number {
    return this.#first * this.width;
  }

  /** Appends one row, which begins at `offset` of `source`. */
  push(source: Float32Array, offset: number): void {
    const { width } = this;
    if ((this.#first + this.count + 1) * width > this.data.length) this.#makeRoom();
    const at = (this.#first + this.count) * width;
    for (let c = 0; c < width; c++) this.data[at + c] = source[offset + c];
    this.count++;
  }

  /** Removes the oldest `rows` rows. */
  remove(rows: number): void {
    this.#first += rows;
    this.count -= rows;
  }

  save(): State {
    return { rows: this.data.slice(this.at, this.at + this.count * this.width) };
  }

  restore(state: State): void {
    this.data = floatsIn(state, 'rows').slice();
    this.#first = 0;
    this.count = this.data.length / this.width;
  }

  #makeRoom(): void {
    const rows = this.data.subarray(this.at, this.at + this.count * this.width);
    const room = Math.max(16, 4 * (this.count + 1)) * this.width;
    if (room <= this.data.length) this.data.copyWithin(0, this.at, this.at + rows.length);
    else {
      const data = new Float32Array(room);
      data.set(rows);
      this.data = data;
    }
    this.#first = 0;
  }
}
