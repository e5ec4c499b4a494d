import { guardMeans } from '../../kernels/run-layout.ts';
import type { Network } from '../network/network.ts';
import { clippedSquare } from '../clipped-square.ts';
import { doublesIn, floatsIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Outputs in the recent means of the loss, and minimum number of outputs before these means are judged. */
const shortWindow = 16;
/** Outputs in the long-term means of the loss. */
const longWindow = 2000;
/** Factor by which the loss must exceed the loss of an output of zeros. */
const divergenceFactor = 10;
/** Updates between two copies of good weights. */
const checkpointInterval = 256;

// offsets in the array of means
/** Recent mean loss. */
const recentLoss = 0;
/** Recent mean loss of an output of zeros. */
const recentZero = 1;
/** Long-term mean loss. */
const longLoss = 2;
/** Long-term mean loss of an output of zeros. */
const longZero = 3;
/** Maximum of `longZero` so far. */
const maxZero = 4;
/** Number of outputs since good weights were last restored. */
const recentOutputs = 5;
/** Number of outputs in total. */
const outputs = 6;

/**
 * Detects that a learner's weights have diverged, and keeps copies of good weights to restore.
 *
 *     diverged: recent L > 10 · L of an output of zeros, recent and long-term, and > 10 · long-term L
 *
 * A signal that becomes large also raises the loss of zeros; only diverged weights raise L alone. A single glitch or a
 * divergence changes the long-term means little. Two copies are saved, 256 updates apart. The older one is restored,
 * because it was made before the divergence could show.
 */
export class DivergenceGuard {
  readonly #network: Network;
  #older: Float32Array[];
  #newer: Float32Array[];
  #updates = 0;
  /** Means of the loss and of the loss of zeros; see the constants above for the offsets. */
  readonly #means = new Float64Array(guardMeans);

  constructor(network: Network) {
    this.#network = network;
    this.#older = network.packed();
    this.#newer = this.#older;
  }

  /** Adds the loss of an output. Returns whether the weights have diverged. */
  addLoss(loss: number, zeroLoss: number): boolean {
    const m = this.#means;
    const n = ++m[recentOutputs];
    const longTerm = Math.min(++m[outputs], longWindow);
    m[recentLoss] += (loss - m[recentLoss]) / Math.min(n, shortWindow);
    m[recentZero] += (zeroLoss - m[recentZero]) / Math.min(n, shortWindow);
    m[longZero] += (clippedSquare(zeroLoss, m[longZero]) - m[longZero]) / longTerm;
    m[maxZero] = Math.max(m[maxZero], m[longZero]);
    const maxLoss = divergenceFactor * Math.max(m[recentZero], m[longZero], 1e-8 * m[maxZero]);
    m[longLoss] += ((loss < maxLoss ? loss : maxLoss) - m[longLoss]) / longTerm;
    if (n < shortWindow) return !(loss < Infinity);
    return !(m[recentLoss] <= Math.max(maxLoss, divergenceFactor * m[longLoss]));
  }

  /** Returns whether every weight is finite after an update. Copies good weights from time to time. */
  checkWeights(): boolean {
    const { kernels } = this.#network.engine;
    for (const { at, count } of this.#network.values) if (kernels.write(at, at, count) === 0) return false;
    this.addUpdates(1);
    return true;
  }

  /** Number of updates until good weights are copied next. */
  get updatesToCheckpoint(): number {
    return checkpointInterval - (this.#updates % checkpointInterval);
  }

  /** Counts updates after which every weight is finite, at most `updatesToCheckpoint`. */
  addUpdates(count: number): void {
    this.#updates += count;
    if (count > 0 && this.#updates % checkpointInterval === 0 && this.#stable) this.checkpoint();
  }

  /** Writes the means of the loss to `numbers`, from where the kernel `train` continues them. */
  writeMeans(numbers: Float64Array, at: number): void {
    for (let i = 0; i < guardMeans; i++) numbers[at + i] = this.#means[i];
  }

  /** Reads back the means that `writeMeans` wrote. */
  readMeans(numbers: Float64Array, at: number): void {
    for (let i = 0; i < guardMeans; i++) this.#means[i] = numbers[at + i];
  }

  /** Stores the current weights as good. */
  checkpoint(): void {
    this.#older = this.#newer;
    this.#newer = this.#network.packed();
  }

  /** Restores the last good weights. */
  restoreWeights(): void {
    this.#network.setPacked(this.#older);
    this.#newer = this.#older;
    this.#means[recentLoss] = this.#means[recentZero] = this.#means[recentOutputs] = 0;
  }

  /** Whether the recent loss is at most twice the long-term loss of zeros, so that the current weights count as good. */
  get #stable(): boolean {
    const m = this.#means;
    return m[recentLoss] <= 2 * m[longZero];
  }

  save(): State {
    const copies = (arrays: Float32Array[]) => Object.fromEntries(arrays.map((array, i) => [String(i), array.slice()]));
    const [older, newer] = [copies(this.#older), copies(this.#newer)];
    return { updates: this.#updates, means: this.#means.slice(), older, newer };
  }

  restore(state: State): void {
    const read = (saved: State) =>
      this.#network.values.map(({ count }, i) => floatsIn(saved, String(i), count).slice());
    this.#updates = numberIn(state, 'updates');
    this.#means.set(doublesIn(state, 'means', guardMeans));
    this.#older = read(stateIn(state, 'older'));
    this.#newer = read(stateIn(state, 'newer'));
  }
}
