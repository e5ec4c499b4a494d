import { doublesIn, type State } from '../state.ts';

/** The mean of the last `length` numbers; of all of them while there are fewer. */
export class RecentMean {
  readonly length: number;
  readonly #line: Float64Array;
  #count = 0;
  #at = 0;
  #sum = 0;

  constructor(length: number) {
    this.length = length;
    this.#line = new Float64Array(length);
  }

  push(x: number): number {
    const line = this.#line;
    this.#sum += x - line[this.#at];
    line[this.#at] = x;
    if (++this.#at === this.length) this.#turn();
    if (this.#count < this.length) this.#count++;
    return this.#sum / this.#count;
  }

  save(): State {
    return { line: this.#line.slice(), numbers: Float64Array.of(this.#count, this.#at, this.#sum) };
  }

  restore(state: State): void {
    this.#line.set(doublesIn(state, 'line', this.length));
    [this.#count, this.#at, this.#sum] = doublesIn(state, 'numbers', 3);
  }

  /** The sum is taken anew at every turn of the line, so that what a huge sample rounded off does not stay. */
  #turn(): void {
    this.#at = 0;
    this.#sum = 0;
    for (let i = 0; i < this.length; i++) this.#sum += this.#line[i];
  }
}
