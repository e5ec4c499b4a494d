import type { Network } from '../network/network.ts';
import { tame } from '../tame.ts';
import { doublesIn, floatsIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Outputs that the loss lately is a mean of, and that are waited for before it is judged; those of the slow means. */
const [shortWindow, longWindow] = [16, 2000];
/** How many times worse than saying nothing is an explosion. */
const divergenceFactor = 10;
/** Updates from one copy of good weights to the next. */
const checkpointInterval = 256;

/**
 * Watches over a learner's weights: keeps copies of good ones, and says when those that are learned have exploded.
 *
 *     exploded: lately L > 10 · L of an output of zeros, lately or on the whole, and > 10 · L on the whole
 *
 * A signal that becomes wild makes zeros as bad; only weights that have gone astray make the first alone large. What is on the
 * whole is moved by little by one glitch, or by an explosion. Two copies are
 * kept, `between` updates apart, and the older one is gone back to: it was made before the trouble began to show.
 */
export class DivergenceGuard {
  readonly #network: Network;
  #older: Float32Array[];
  #newer: Float32Array[];
  #updates = 0;
  /** L and L of zeros, lately and on the whole; the largest of the last; outputs counted since the last way back, and all. */
  readonly #means = new Float64Array(7);

  constructor(network: Network) {
    this.#network = network;
    this.#older = network.packed();
    this.#newer = this.#older;
  }

  /** Counts an output's loss; whether the weights have exploded. */
  hasDiverged(loss: number, lossOfNothing: number): boolean {
    const m = this.#means;
    const n = ++m[5];
    const all = Math.min(++m[6], longWindow);
    m[0] += (loss - m[0]) / Math.min(n, shortWindow);
    m[1] += (lossOfNothing - m[1]) / Math.min(n, shortWindow);
    m[3] += (tame(lossOfNothing, m[3]) - m[3]) / all;
    m[4] = Math.max(m[4], m[3]);
    const bad = divergenceFactor * Math.max(m[1], m[3], 1e-8 * m[4]);
    m[2] += ((loss < bad ? loss : bad) - m[2]) / all;
    if (n < shortWindow) return !(loss < Infinity);
    return !(m[0] <= Math.max(bad, divergenceFactor * m[2]));
  }

  /** After an update: whether every weight is a number. Good ones are copied now and then. */
  checkWeights(): boolean {
    const { kernels } = this.#network.engine;
    for (const { at, count } of this.#network.values) if (kernels.write(at, at, count) === 0) return false;
    if (++this.#updates % checkpointInterval === 0 && this.#stable) this.checkpoint();
    return true;
  }

  /** Takes the weights as they are for good. */
  checkpoint(): void {
    this.#older = this.#newer;
    this.#newer = this.#network.packed();
  }

  /** Brings the last good weights back. */
  restoreWeights(): void {
    this.#network.setPacked(this.#older);
    this.#newer = this.#older;
    this.#means[0] = this.#means[1] = this.#means[5] = 0;
  }

  /** Whether what was learned lately holds for the signal on the whole, and not for a loud stretch only. */
  get #stable(): boolean {
    const m = this.#means;
    return m[0] <= 2 * m[3];
  }

  save(): State {
    const copies = (arrays: Float32Array[]) => Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]));
    const [older, newer] = [copies(this.#older), copies(this.#newer)];
    return { updates: this.#updates, means: this.#means.slice(), older, newer };
  }

  restore(state: State): void {
    const read = (kept: State) => this.#network.values.map(({ count }, i) => floatsIn(kept, String(i), count).slice());
    this.#updates = numberIn(state, 'updates');
    this.#means.set(doublesIn(state, 'means', 7));
    this.#older = read(stateIn(state, 'older'));
    this.#newer = read(stateIn(state, 'newer'));
  }
}
