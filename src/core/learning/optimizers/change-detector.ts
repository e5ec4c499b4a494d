import { doublesIn, type State } from '../../state/state.ts';

/** Memory of the fast weights as a part of the long memory, and its minimum in updates. */
const fastPart = 1 / 8;
const minFastMemory = 50;
/** A change is detected if the fast weights have less than this fraction of the squared error. */
const changeRatio = 0.5;
/** Updates in the mean squared errors, as a part of the long memory, and in addition to that. */
const windowPart = 1 / 16;
const minWindow = 100;
/** Updates that are ignored at first and after every change, as a part of the long memory. */
const settlingPart = 1 / 4;
/** The largest square that counts in full, as a multiple of the running mean: of a pair of errors, and of the error of an output. */
const maxPair = 10;
const maxSquare = 4;

/**
 * Detects that the relation of the inputs and the targets has changed, from the errors of two sets of weights: those of recursive
 * least squares, and fast weights, which have the same gain but an eighth of the memory. In noise, the fast weights
 * have a larger error, whatever its level or distribution; after a change, a smaller one until the long memory has faded. One sum
 * of the errors of all outputs, in units of their root mean squares, is compared.
 *
 * Source: Ochiai, Araseki, and Ogihara, Echo Canceler with Two Echo Path Models, 1977.
 */
export class ChangeDetector {
  /** Factor of the gain of the fast weights. */
  readonly fastFactor: number;
  readonly #memory: number;
  /** Running mean squared error of every output. */
  readonly #squares: Float64Array;
  /** Factor of the error of every output in the sum, one of which is renewed per update. */
  readonly #factors: Float64Array;
  /** Number of updates, and of those since the last change. */
  #updates = 0;
  #count = 0;
  /** Mean squared errors of the weights and of the fast weights. */
  #square = 0;
  #fastSquare = 0;

  /** @param memory number of updates after which an error counts 1/e */
  constructor(outputs: number, memory: number) {
    this.#memory = memory;
    this.fastFactor = Math.max(1, memory / Math.max(minFastMemory, fastPart * memory));
    this.#squares = new Float64Array(outputs);
    this.#factors = new Float64Array(outputs);
  }

  /** Returns the sum of the errors of all outputs at `at`, and measures them. */
  combine(errors: Float32Array, at: number): number {
    const part = 1 / Math.min(++this.#updates, this.#memory);
    const renewed = this.#updates % this.#squares.length;
    const mean = this.#squares[renewed];
    // factors from 1 to 2 in no simple ratio, so that equal or opposite outputs do not cancel out
    if (mean > 0) this.#factors[renewed] = (1 + ((0.618 * renewed) % 1)) / Math.sqrt(mean);
    let sum = 0;
    for (let o = 0; o < this.#squares.length; o++) {
      const error = errors[at + o];
      sum += this.#factors[o] * error;
      const square = error * error;
      const limit = maxSquare * this.#squares[o];
      this.#squares[o] += part * ((limit > 0 && square > limit ? limit : square) - this.#squares[o]);
    }
    return sum;
  }

  /** Adds the errors of the weights and of the fast weights. Returns whether there was a change, and starts again if so. */
  add(error: number, fastError: number): boolean {
    const settled = ++this.#count - settlingPart * this.#memory;
    if (settled < 1) return false;
    const [square, fastSquare] = [error * error, fastError * fastError];
    const largest = Math.max(square, fastSquare);
    const limit = maxPair * this.#square;
    const part = this.#square > 0 && largest > limit ? limit / largest : 1;
    const window = windowPart * this.#memory + minWindow;
    const n = Math.min(settled, window);
    this.#square += (part * square - this.#square) / n;
    this.#fastSquare += (part * fastSquare - this.#fastSquare) / n;
    if (settled < window || !(this.#fastSquare < changeRatio * this.#square)) return false;
    this.restart();
    return true;
  }

  /** Discards the errors so far. */
  restart(): void {
    this.#count = this.#square = this.#fastSquare = 0;
  }

  save(): State {
    const counts = Float64Array.of(this.#updates, this.#count, this.#square, this.#fastSquare);
    return { counts, squares: this.#squares.slice(), factors: this.#factors.slice() };
  }

  restore(state: State): void {
    [this.#updates, this.#count, this.#square, this.#fastSquare] = doublesIn(state, 'counts', 4);
    this.#squares.set(doublesIn(state, 'squares', this.#squares.length));
    this.#factors.set(doublesIn(state, 'factors', this.#factors.length));
  }
}
